/**
 * @file
 * How many descriptors a process has open, and may have.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/**
 * Raises the limit of this process as far as the system lets it.
 *
 * @return how many descriptors may be open now.
 */
long descriptors_raise_limit(void);

/**
 * Counts the descriptors that are open, to see that none is left behind.
 *
 * @return their number, among the first million.
 */
int descriptors_open(void);

#endif
