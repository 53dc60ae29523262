/* signals.h - the signals by which people and service managers ask a program to leave. */
#ifndef COMMON_SIGNALS_H
#define COMMON_SIGNALS_H
#include <signal.h>

/* SIGTERM, SIGINT, SIGHUP. Not SIGHUP where it was ignored when the program began, as nohup has it:
 * a blocked signal is never ignored, so that a signalfd would hear of it. */
void signals_to_leave(sigset_t *out);
#endif
