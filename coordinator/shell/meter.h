/* meter.h - how much of something one sender may use: so much a second, and after a quiet time
 * more at once. What is charged may overdraw the meter: the next is refused until it is level. */
#ifndef SHELL_METER_H
#define SHELL_METER_H
#include <stdbool.h>
#include <stdint.h>

struct meter_rate {
    int64_t per_second, at_once;
};
struct meter {
    int64_t left, filled_ms;
};

static inline struct meter meter_full(const struct meter_rate *rate, int64_t now_ms)
{
    return (struct meter){ rate->at_once, now_ms };
}

/* Is there anything left? */
static inline bool meter_open(struct meter *meter, const struct meter_rate *rate, int64_t now_ms)
{
    int64_t missing_ms = (rate->at_once - meter->left) * 1000 / rate->per_second;
    if (now_ms - meter->filled_ms > missing_ms) {
        *meter = meter_full(rate, now_ms);
        return true;
    }
    int64_t gained = (now_ms - meter->filled_ms) * rate->per_second / 1000;
    meter->left += gained;
    meter->filled_ms += gained * 1000 / rate->per_second; /* the rest of it counts next time */
    return meter->left > 0;
}

static inline void meter_charge(struct meter *meter, int64_t amount)
{
    meter->left -= amount;
}
#endif
