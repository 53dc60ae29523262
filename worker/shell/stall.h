/* stall.h - for how long this process did not run: it was stopped (a suspended job, Ctrl-Z), its
 * machine was, or something that it called took that long. Trials could not be heard meanwhile, and
 * had most likely no chance to go on either, so such time must not be held against them. */
#ifndef WORKER_SHELL_STALL_H
#define WORKER_SHELL_STALL_H
#include <stdint.h>

enum {
    STALL_PULSE_MS = 1000, /* the loop turns at least this often, or a stall could hide in a wait */
    STALL_MIN_MS = 1000,   /* less is what a busy machine does all the time */
};

/* Of a loop that turned at turned_ms, wanted to wait until due_ms (long past: not at all), and
 * turns again at now_ms: how much of that is no running time. 0 if it came back about when it
 * wanted to, else all of it, for nobody knows when in between it stopped. */
int64_t stall_ms(int64_t turned_ms, int64_t due_ms, int64_t now_ms);
#endif
