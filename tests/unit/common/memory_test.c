/* arena.h, buf.h, xalloc.h: memory by lifetime, and bytes with a maximum. */
#include "common/arena.h"
#include "common/buf.h"
#include "common/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_arena_hands_out_zeroed_aligned_memory(void **state)
{
    struct arena *arena = arena_create(64);
    for (size_t bytes = 1; bytes < 300; bytes += 7) {
        unsigned char *memory = arena_alloc(arena, bytes);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, bytes);
    }
    arena_destroy(&arena);
    assert_null(arena);
    arena_destroy(&arena);
}

static void an_arena_that_was_reset_hands_out_zeroes_again(void **state)
{
    struct arena *arena = arena_create(128);
    memset(arena_alloc(arena, 100), 0xff, 100);
    arena_alloc(arena, 1000);
    arena_reset(arena);
    assert_int_equal(arena_bytes(arena), 0);
    unsigned char *memory = arena_alloc(arena, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(memory[i], 0);
    arena_destroy(&arena);
}

static void an_arena_copies_texts(void **state)
{
    struct arena *arena = arena_create(16);
    char original[] = "a text longer than a block";
    char *copy = arena_text(arena, original);
    original[0] = 'X';
    assert_string_equal(copy, "a text longer than a block");
    assert_null(arena_text(arena, NULL));
    assert_string_equal(arena_printf(arena, "%s/%d", "study", 7), "study/7");
    arena_destroy(&arena);
}

static void a_buffer_grows_up_to_its_maximum_and_drops_what_would_pass_it(void **state)
{
    struct buf buf;
    buf_init(&buf, 10);
    assert_true(buf_text(&buf, "12345678"));
    assert_false(buf_text(&buf, "9ab"));
    assert_true(buf.overflowed);
    assert_string_equal(buf.bytes, "12345678");
    assert_true(buf_printf(&buf, "%d", 99));
    assert_false(buf_printf(&buf, "%d", 1));
    assert_string_equal(buf.bytes, "1234567899");
    buf_clear(&buf);
    assert_false(buf.overflowed);
    assert_string_equal(buf.bytes, "");
    buf_free(&buf);
}

static void an_array_grows_by_doubling_and_keeps_its_items(void **state)
{
    int *items = NULL;
    size_t capacity = 0;
    for (size_t count = 0; count < 1000; count++) {
        items = xgrow(items, count, &capacity, sizeof *items);
        items[count] = (int)count;
    }
    assert_int_equal(capacity, 1024);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_hands_out_zeroed_aligned_memory),
        cmocka_unit_test(an_arena_that_was_reset_hands_out_zeroes_again),
        cmocka_unit_test(an_arena_copies_texts),
        cmocka_unit_test(a_buffer_grows_up_to_its_maximum_and_drops_what_would_pass_it),
        cmocka_unit_test(an_array_grows_by_doubling_and_keeps_its_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
