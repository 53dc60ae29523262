/* A seed is a run: the same one twice says the same, to the byte and the millisecond, and leaves
 * the same rows, however the memory lies and whatever was in it before. Otherwise a failure could
 * not be looked at again. LDT_SIM_REPEATS=n for the seeds LDT_SIM_FIRST (1) and so on, 20 unless it
 * says otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/hash.h"
#include "proto/codec.h"
#include "tests/sim/runner.h"

enum { REPEATS = 20, BLOCKS = 2000, BLOCK_BYTES = 6000, STACK_BYTES = 256 << 10 };

/* ---- another memory -------------------------------------------------------------------------- */

struct disorder {
    void *kept[BLOCKS / 2];
    size_t count;
};

/* Half of them stay, so what comes lies elsewhere; the rest is free and full of `fill`, as is all
 * that malloc gives from now on. */
static void disorder_make(struct disorder *disorder, struct rng *rng, int fill)
{
    void *freed[BLOCKS];
    size_t n_freed = 0;
    mallopt(M_PERTURB, fill);
    disorder->count = 0;
    for (int i = 0; i < BLOCKS; i++) {
        size_t bytes = 16 + rng_below(rng, BLOCK_BYTES);
        void *block = memset(xmalloc(bytes), fill, bytes);
        if (disorder->count < BLOCKS / 2 && rng_below(rng, 2) == 0)
            disorder->kept[disorder->count++] = block;
        else
            freed[n_freed++] = block;
    }
    while (n_freed > 0)
        free(freed[--n_freed]);
}

static void disorder_clear(struct disorder *disorder)
{
    while (disorder->count > 0)
        free(disorder->kept[--disorder->count]);
    mallopt(M_PERTURB, 0);
}

static __attribute__((noinline)) void soil_stack(int fill)
{
    char soil[STACK_BYTES];
    memset(soil, fill, sizeof soil);
    __asm__ volatile("" : : "r"(soil) : "memory"); /* somebody might look at it */
}

/* ---- a run, in one number -------------------------------------------------------------------- */

/* As it would be on the wire; what breaks a limit there is known by the sentence that says so. */
static void overhear(struct sim *sim, int from, int to, const struct message *message)
{
    const int64_t head[] = { sim->now_ms, from, to };
    struct error error = { "" };
    struct buf frame;
    buf_init(&frame, MESSAGE_MAX_BYTES);
    uint64_t hash = hash_bytes(sim->overheard, head, sizeof head);
    sim->overheard = codec_encode(&frame, message, &error)
                         ? hash_bytes(hash, frame.bytes, frame.length)
                         : hash_bytes(hash, error.text, strlen(error.text));
    buf_free(&frame);
}

static uint64_t run_heard(uint64_t seed, enum planted_bug bug)
{
    static struct sim sim;
    sim_create(&sim, seed, bug, false);
    sim.overhear = overhear;
    sim.overheard = HASH_START;
    if (!sim_run(&sim))
        fail_msg("seed %llu: %s", (unsigned long long)seed, sim.failure);
    char *rows = core_dump(sim.core);
    uint64_t hash = hash_bytes(sim.overheard, rows, strlen(rows));
    free(rows);
    sim_destroy(&sim);
    return hash;
}

static bool is_same_twice(uint64_t seed, enum planted_bug bug)
{
    uint64_t heard[2];
    struct rng rng;
    rng_init(&rng, seed, RNG_TEST, 1);
    for (int i = 0; i < 2; i++) {
        struct disorder disorder;
        int fill = i == 0 ? 0x11 : 0xc3;
        disorder_make(&disorder, &rng, fill);
        soil_stack(fill);
        heard[i] = run_heard(seed, bug);
        disorder_clear(&disorder);
    }
    return heard[0] == heard[1];
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void a_seed_is_a_run(void **state)
{
    uint64_t first = number_from_environment("LDT_SIM_FIRST", 1);
    uint64_t repeats = number_from_environment("LDT_SIM_REPEATS", REPEATS);
    for (uint64_t seed = first; seed < first + repeats; seed++) {
        if (!is_same_twice(seed, BUG_NONE))
            fail_msg("seed %llu is another run the second time", (unsigned long long)seed);
    }
}

static void two_seeds_are_two_runs(void **state)
{
    assert_int_not_equal(run_heard(1, BUG_NONE), run_heard(2, BUG_NONE));
}

static bool notices(enum planted_bug bug)
{
    uint64_t seed = 1;
    while (seed <= REPEATS && is_same_twice(seed, bug))
        seed++;
    return seed <= REPEATS;
}

static void one_use_of_an_address_is_noticed(void **state)
{
    assert_true(notices(BUG_ADDRESS));
}

static void one_use_of_memory_that_nobody_wrote_is_noticed(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    skip(); /* whose malloc gives memory of one colour */
#endif
    assert_true(notices(BUG_STALE_MEMORY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_is_a_run),
        cmocka_unit_test(two_seeds_are_two_runs),
        cmocka_unit_test(one_use_of_an_address_is_noticed),
        cmocka_unit_test(one_use_of_memory_that_nobody_wrote_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
