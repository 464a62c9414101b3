/*
 * daos/debug.h - starting and ending the log of libdaos.
 */
#ifndef DAOS_DEBUG_H
#define DAOS_DEBUG_H

#ifdef __cplusplus
extern "C" {
#endif

/** Starts the log, in \a logfile or where D_LOG_FILE says. 0 or a negative DER_ number. */
int daos_debug_init(char *logfile);
void daos_debug_fini(void);

#ifdef __cplusplus
}
#endif
#endif
