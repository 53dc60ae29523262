/* clock.h - the two clocks. Deadlines use the monotonic one, which no administrator can set back;
 * rows of the database carry the wall clock. The pure layers read neither: time is handed to
 * them. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H
#include <stdint.h>

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
int64_t clock_wall_ms(void); /* Unix time in milliseconds */
#endif
