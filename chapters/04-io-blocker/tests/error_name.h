/*
 * Error numbers as the texts and headers write them. A number that the system
 * chose tells a reader nothing.
 */
#ifndef ERROR_NAME_H
#define ERROR_NAME_H

/* "-EAGAIN" for -EAGAIN; the number itself if it is not an error. */
const char *error_name(int result);

#endif
