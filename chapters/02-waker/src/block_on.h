/**
 * @file
 * The bridge from ordinary code: run one future, sleep while it is pending.
 */
#ifndef BLOCK_ON_H
#define BLOCK_ON_H

#include "future.h"

/**
 * Polls a future until it is ready; the thread sleeps in between. Any thread.
 *
 * @param[in,out] future  borrowed; not ready yet. It is not dropped.
 * @return 0 once it is ready; `-ENOMEM` or `-EAGAIN` if the system has no
 *         memory or no lock for it: then it was not polled.
 */
int block_on(Future *future);

#endif
