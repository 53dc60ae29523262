#include "worker/agent/breaker.h"
#include "common/utf8.h"

#include <string.h>

void breaker_init(struct breaker *breaker, int32_t threshold)
{
    *breaker = (struct breaker){ .threshold = threshold };
}

int32_t breaker_room(const struct breaker *breaker, int32_t free_slots, int64_t now_ms)
{
    if (!breaker->benched)
        return free_slots;
    if (now_ms < breaker->until_ms || breaker->probe.attempt != 0)
        return 0;
    return free_slots < 1 ? free_slots : 1;
}

void breaker_started(struct breaker *breaker, struct attempt_ref ref)
{
    if (breaker->benched)
        breaker->probe = ref;
}

static bool is_probe(const struct breaker *breaker, struct attempt_ref ref)
{
    return breaker->probe.attempt != 0 && attempt_ref_equal(breaker->probe, ref);
}

void breaker_ended(struct breaker *breaker, struct attempt_ref ref)
{
    if (is_probe(breaker, ref))
        breaker->probe.attempt = 0;
}

static bool is_proven(const struct breaker *breaker, int64_t study)
{
    for (int32_t i = 0; i < BREAKER_PROVEN; i++)
        if (breaker->proven[i] == study)
            return true;
    return false;
}

/* A trial that is tried again is no second witness. */
static bool is_in_row(const struct breaker *breaker, struct attempt_ref ref)
{
    for (int32_t i = 0; i < breaker->in_row; i++)
        if (breaker->row[i].study == ref.study && breaker->row[i].trial == ref.trial)
            return true;
    return false;
}

static void remember(struct breaker *breaker, struct attempt_ref ref)
{
    breaker->row[breaker->next_in_row] = ref;
    breaker->next_in_row = (breaker->next_in_row + 1) % breaker->threshold;
    if (breaker->in_row < breaker->threshold)
        breaker->in_row++;
}

static int64_t longer_pause(const struct breaker *breaker)
{
    bool machine = breaker->several_studies || is_proven(breaker, breaker->row[0].study);
    int64_t pause_ms = machine ? 2 * breaker->pause_ms : BREAKER_FIRST_PAUSE_MS;
    if (pause_ms < BREAKER_FIRST_PAUSE_MS)
        return BREAKER_FIRST_PAUSE_MS;
    return pause_ms > BREAKER_LONGEST_PAUSE_MS ? BREAKER_LONGEST_PAUSE_MS : pause_ms;
}

static void bench(struct breaker *breaker, int64_t pause_ms, int64_t now_ms, struct rng *jitter)
{
    breaker->benched = true;
    breaker->until_ms = now_ms + pause_ms + (int64_t)rng_below(jitter, (uint64_t)pause_ms / 4);
}

/* Cut to a line that always fits into a note, never inside a character. A note that is no line
 * would keep its BEAT from being sent, and with it all that the worker holds would lapse. */
static void keep_reason(struct breaker *breaker, const char *reason)
{
    enum { KEPT = 160 };
    size_t length = strnlen(reason, KEPT);
    while (length > 0 && utf8_continues(reason[length]))
        length--;
    memcpy(breaker->last, reason, length);
    breaker->last[length] = '\0';
    utf8_mask_controls(breaker->last, ' ');
}

bool breaker_failed(struct breaker *breaker, struct attempt_ref ref, const char *reason,
                    int64_t now_ms, struct rng *jitter)
{
    bool again = is_in_row(breaker, ref);
    if (breaker->threshold == 0 || (breaker->benched ? !is_probe(breaker, ref) : again))
        return false; /* while benched only the probe counts: the others started before */
    breaker->failures++;
    breaker->several_studies |= breaker->in_row > 0 && breaker->row[0].study != ref.study;
    keep_reason(breaker, reason);
    if (!again)
        remember(breaker, ref);
    if (breaker->in_row < breaker->threshold)
        return false;
    if (!again)
        breaker->pause_ms = longer_pause(breaker);
    bench(breaker, again ? BREAKER_FIRST_PAUSE_MS : breaker->pause_ms, now_ms, jitter);
    return true;
}

bool breaker_succeeded(struct breaker *breaker, struct attempt_ref ref)
{
    bool was_benched = breaker->benched;
    if (!is_proven(breaker, ref.study)) {
        breaker->proven[breaker->next_proven] = ref.study;
        breaker->next_proven = (breaker->next_proven + 1) % BREAKER_PROVEN;
    }
    breaker->in_row = breaker->next_in_row = 0;
    breaker->failures = 0;
    breaker->several_studies = false;
    breaker->benched = false;
    breaker->pause_ms = breaker->until_ms = 0;
    breaker->probe.attempt = 0;
    return was_benched;
}

const char *breaker_note(const struct breaker *breaker, int64_t now_ms, struct arena *arena)
{
    long long failures = breaker->failures, left_ms = breaker->until_ms - now_ms;
    if (!breaker->benched)
        return "";
    if (left_ms > 0)
        return arena_printf(arena, "benched for %lld s: %lld failures in a row, the last: %s",
                            (left_ms + 999) / 1000, failures, breaker->last);
    return arena_printf(arena, "benched, tries one trial: %lld failures in a row, the last: %s",
                        failures, breaker->last);
}

bool breaker_check(const struct breaker *breaker, struct error *error)
{
    const char *broken = NULL;
    if (breaker->in_row > breaker->threshold || breaker->in_row > breaker->failures)
        broken = "it counted more failures than there were";
    else if (breaker->benched && (breaker->threshold == 0 || breaker->in_row < breaker->threshold))
        broken = "it benched the worker for too little";
    else if (!breaker->benched && breaker->threshold > 0 && breaker->in_row == breaker->threshold)
        broken = "it did not bench the worker";
    else if (!breaker->benched && breaker->probe.attempt != 0)
        broken = "it probes a worker that is not benched";
    else if (breaker->benched && (breaker->pause_ms < BREAKER_FIRST_PAUSE_MS ||
                                  breaker->pause_ms > BREAKER_LONGEST_PAUSE_MS))
        broken = "its pause is too short or too long";
    if (broken != NULL)
        error_set(error, "breaker: %s", broken);
    return broken == NULL;
}
