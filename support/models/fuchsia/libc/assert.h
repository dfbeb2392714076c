/* See errno.h. */
#ifndef ASSERT_H
#define ASSERT_H

_Noreturn void abort(void);
#define assert(condition) ((condition) ? (void)0 : abort())

#endif
