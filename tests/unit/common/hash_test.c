/* hash.h: values stand in databases and directories, so they are compared with published ones
 * (draft-eastlake-fnv, test vectors of FNV-1a of 64 bits). */
#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void texts_have_the_published_hashes(void **state)
{
    assert_true(hash_text("") == 0xcbf29ce484222325u);
    assert_true(hash_text("a") == 0xaf63dc4c8601ec8cu);
    assert_true(hash_text("foobar") == 0x85944171f73967e8u);
}

static void bytes_in_pieces_are_the_bytes(void **state)
{
    uint64_t hash = hash_bytes(HASH_START, "foo", 3);
    assert_true(hash_bytes(hash, "bar", 3) == hash_text("foobar"));
    assert_true(hash_bytes(hash, "", 0) == hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_the_published_hashes),
        cmocka_unit_test(bytes_in_pieces_are_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
