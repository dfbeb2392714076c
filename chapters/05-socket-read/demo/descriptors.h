/** @file
 * How many descriptors a process has open, and may have. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/** Raises the limit of this process as far as the system lets it. Returns how
 * many descriptors may be open now. */
long descriptors_raise_limit(void);

/** Counts the descriptors that are open, to see that none is left behind; those
 * beyond the first million are not seen. */
int descriptors_open(void);

#endif
