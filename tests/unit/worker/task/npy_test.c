#include "worker/task/npy.h"
#include "common/rng.h"
#include "npy_files.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

static struct directory directory;

static int make_directory(void **state)
{
    directory = directory_make();
    return 0;
}

static int remove_directory(void **state)
{
    directory_remove(&directory);
    return 0;
}

static const char *file(void)
{
    return path_in(&directory, "x.npy");
}

/* The sentence about the file, after its path. */
static const char *refusal(void)
{
    static struct error error;
    struct npy npy;
    bool loaded = npy_load(&npy, file(), &error);
    assert_false(loaded);
    assert_null(npy.values);
    assert_memory_equal(error.text, file(), strlen(file()));
    return error.text + strlen(file());
}

static struct npy loaded(void)
{
    struct error error;
    struct npy npy;
    if (!npy_load(&npy, file(), &error))
        fail_msg("%s", error.text);
    return npy;
}

static void every_type_is_read_for_what_it_is(void **state)
{
    const float f4[] = { -1.5f, 3 };
    const double f8[] = { 1e-300, -2 };
    const int8_t i1[] = { -128, 127 };
    const int16_t i2[] = { -32768, 7 };
    const int32_t i4[] = { INT32_MIN, 7 };
    const int64_t i8[] = { -9007199254740991, 7 };
    const uint8_t u1[] = { 255, 7 }, b1[] = { 1, 0 };
    const uint16_t u2[] = { 65535, 7 };
    const uint32_t u4[] = { UINT32_MAX, 7 };
    const uint64_t u8[] = { 9007199254740991, 7 };
    const struct {
        const char *type;
        const void *values;
        size_t bytes;
        double first, second;
        enum npy_kind kind;
    } cases[] = {
        { "<f4", f4, sizeof f4, -1.5, 3, NPY_REAL },
        { "<f8", f8, sizeof f8, 1e-300, -2, NPY_REAL },
        { "|i1", i1, sizeof i1, -128, 127, NPY_INTEGER },
        { "<i2", i2, sizeof i2, -32768, 7, NPY_INTEGER },
        { "<i4", i4, sizeof i4, INT32_MIN, 7, NPY_INTEGER },
        { "<i8", i8, sizeof i8, -9007199254740991.0, 7, NPY_INTEGER },
        { "|u1", u1, sizeof u1, 255, 7, NPY_INTEGER },
        { "<u2", u2, sizeof u2, 65535, 7, NPY_INTEGER },
        { "<u4", u4, sizeof u4, UINT32_MAX, 7, NPY_INTEGER },
        { "<u8", u8, sizeof u8, 9007199254740991.0, 7, NPY_INTEGER },
        { "|b1", b1, sizeof b1, 1, 0, NPY_BOOLEAN },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_array(file(), cases[i].type, "(2,)", cases[i].values, cases[i].bytes);
        struct npy npy = loaded();
        assert_int_equal(npy.kind, cases[i].kind);
        assert_string_equal(npy.type, cases[i].type);
        assert_int_equal(npy.count, 2);
        assert_true(npy.values[0] == cases[i].first && npy.values[1] == cases[i].second);
        npy_free(&npy);
    }
}

static void shapes_of_any_rank_are_read_in_c_order(void **state)
{
    float values[24];
    for (int i = 0; i < 24; i++)
        values[i] = (float)i;
    write_array(file(), "<f4", "(2, 3, 4)", values, sizeof values);
    struct npy npy = loaded();
    assert_int_equal(npy.rank, 3);
    assert_int_equal(npy.shape[0], 2);
    assert_int_equal(npy.shape[2], 4);
    assert_true(npy.values[23] == 23);
    npy_free(&npy);
    write_array(file(), "<f4", "()", values, 4);
    npy = loaded();
    assert_int_equal(npy.rank, 0);
    assert_int_equal(npy.count, 1);
    npy_free(&npy);
    write_array(file(), "<f4", "(0, 5)", NULL, 0);
    npy = loaded();
    assert_int_equal(npy.count, 0);
    npy_free(&npy);
}

/* 70,000 numbers are more than one chunk. */
static void a_long_array_is_read_to_its_end(void **state)
{
    int32_t *values = malloc(70000 * sizeof *values);
    for (int i = 0; i < 70000; i++)
        values[i] = 3 * i;
    write_array(file(), "<i4", "(70000,)", values, 70000 * sizeof *values);
    struct npy npy = loaded();
    for (int i = 0; i < 70000; i++)
        assert_true(npy.values[i] == 3 * i);
    npy_free(&npy);
    free(values);
}

static void versions_2_and_3_have_a_longer_length(void **state)
{
    const char *dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n";
    unsigned char image[128] = "\x93NUMPY";
    for (unsigned char version = 2; version <= 3; version++) {
        size_t length = strlen(dictionary);
        image[6] = version;
        image[8] = (unsigned char)length;
        memcpy(image + 12, dictionary, length);
        image[12 + length] = 42;
        write_bytes(file(), image, 12 + length + 1);
        struct npy npy = loaded();
        assert_true(npy.values[0] == 42);
        npy_free(&npy);
    }
}

static void keys_and_blanks_may_stand_as_they_like(void **state)
{
    const double value = 2;
    write_npy(file(), "{ \"shape\":(1 , ) ,'descr' : \"<f8\",'fortran_order':False}", &value, 8);
    struct npy npy = loaded();
    assert_true(npy.values[0] == 2);
    npy_free(&npy);
}

static void what_is_no_npy_file_is_told_by_its_first_bytes(void **state)
{
    write_bytes(file(), "PK\x03\x04rest of a zip archive", 20);
    assert_string_equal(refusal(), ": expected a NumPy .npy file, found one that begins with 50 4b "
                                   "03 04 72 65 73 74 (a .npz archive?); save each array by itself "
                                   "with numpy.save");
    write_bytes(file(), "\x80\x04 pickled", 9);
    assert_non_null(strstr(refusal(), "(a pickle?); save the array with numpy.save"));
    write_bytes(file(), "x,y\n1,2\n", 8);
    assert_string_equal(refusal(), ": expected a NumPy .npy file, found one that begins with 78 2c "
                                   "79 0a 31 2c 32 0a");
    write_bytes(file(), "", 0);
    assert_non_null(strstr(refusal(), "begins with nothing: it is empty"));
    unlink(file());
    assert_string_equal(refusal(), ": cannot be opened: No such file or directory");
}

static void a_directory_is_no_file(void **state)
{
    struct error error;
    struct npy npy;
    assert_false(npy_load(&npy, directory.path, &error));
    assert_non_null(strstr(error.text, ": expected a file, found something else"));
}

static void a_truncated_file_is_told_by_its_bytes(void **state)
{
    const double values[6] = { 0 };
    write_array(file(), "<f8", "(2, 3)", values, 47);
    assert_string_equal(refusal(), ": truncated: the shape (2, 3) of type '<f8' needs 48 bytes "
                                   "after the header, found 47");
    write_array(file(), "<f4", "(2, 3)", values, 25);
    assert_string_equal(refusal(), ": damaged: the shape (2, 3) of type '<f4' needs 24 bytes after "
                                   "the header, found 25");
}

/* Cut anywhere, it is refused: never read, never a crash. */
static void a_file_cut_at_any_byte_is_refused(void **state)
{
    unsigned char image[256];
    const double values[2] = { 1, 2 };
    size_t length =
        npy_image(image, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", values, 16);
    for (size_t cut = 0; cut < length; cut++) {
        write_bytes(file(), image, cut);
        assert_true(strlen(refusal()) > 10);
    }
}

static void a_shape_that_the_file_cannot_hold_allocates_nothing(void **state)
{
    write_array(file(), "<f8", "(2147483647,)", NULL, 0);
    assert_non_null(strstr(refusal(), "needs 17179869176 bytes after the header, found 0"));
    write_array(file(), "<f8", "(2147483648,)", NULL, 0);
    assert_string_equal(refusal(),
                        ": expected at most 2147483647 numbers, found the shape (2147483648,)");
    write_array(file(), "<f8", "(4294967296, 4294967296, 4)", NULL, 0); /* 0 in 64 bits */
    assert_non_null(strstr(refusal(), "expected at most 2147483647 numbers"));
    write_array(file(), "<f8", "(99999999999999999999,)", NULL, 0);
    assert_non_null(strstr(refusal(), "expected a size of at most 14 digits"));
    write_array(file(), "<f8", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", NULL, 0);
    assert_non_null(strstr(refusal(), "expected at most 8 dimensions, found more"));
}

static void types_that_are_not_plain_numbers_are_refused_with_the_fix(void **state)
{
    const double values[2] = { 0 };
    write_array(file(), "<c16", "(1,)", values, 16);
    assert_string_equal(refusal(), ": expected float32, float64, int8 to int64, uint8 to uint64 or "
                                   "bool, found '<c16'; convert it with array.astype('float32')");
    write_array(file(), "|O", "(1,)", values, 16);
    assert_non_null(strstr(refusal(), "found Python objects, which are never unpickled, '|O'"));
    write_array(file(), ">f8", "(1,)", values, 8);
    assert_string_equal(refusal(), ": expected little endian numbers, found '>f8'; convert them "
                                   "with array.astype('<f8')");
    const char *others[] = { "<f2", "|f8", "=f8", "f8", "<U3", "|S4", "<M8[s]", "", "<" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        write_array(file(), others[i], "(1,)", values, 8);
        assert_non_null(strstr(refusal(), "expected float32, float64"));
    }
    write_npy(file(), "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", values,
              4);
    assert_non_null(strstr(refusal(), "found a structured array; save each of its fields"));
}

static void fortran_order_is_refused_with_the_fix_where_it_makes_a_difference(void **state)
{
    const double values[4] = { 1, 2, 3, 4 };
    write_npy(file(), "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }", values, 32);
    assert_string_equal(refusal(), ": expected C order, found Fortran order; convert it with "
                                   "numpy.ascontiguousarray(array)");
    write_npy(file(), "{'descr': '<f8', 'fortran_order': True, 'shape': (4,), }", values, 32);
    struct npy npy = loaded();
    npy_free(&npy);
}

static void a_damaged_header_is_told_by_its_place(void **state)
{
    const struct {
        const char *dictionary, *sentence;
    } cases[] = {
        { "", ": damaged header: expected { at its byte 0, found its end" },
        { "{'descr': 7}", "expected a type such as '<f8' at its byte 10, found 7" },
        { "{'descr' '<f8'}", "expected : at its byte 9, found '" },
        { "{'fortran_order': 1}", "expected True or False at its byte 18, found 1" },
        { "{'shape': (5), }", "expected a shape, (n,) when it has one dimension" },
        { "{'shape': [5], }", "expected a shape such as (4000, 113) at its byte 10, found [" },
        { "{'shape': (-5,), }", "expected a size of at most 14 digits at its byte 11, found -" },
        { "{'shape': (5 5), }", "expected a comma or ) at its byte 13, found 5" },
        { "{'shape': (5,) 'descr': '<f8'}", "expected a comma or } at its byte 15, found '" },
        { "{'shape': (5,)", "expected a comma or } at its byte 14, found its end" },
        { "{'shape': (5,), 'shape': (6,)}", "once each, found 'shape'" },
        { "{'evil': __import__('os')}", "once each, found 'evil'" },
        { "{'descr': '<f8\\x00', }", "expected a printable letter at its byte 14, found \\" },
        { "{'descr': '<f8\n', }", "expected a printable letter at its byte 14, found the byte 10" },
        { "{'descr': '0123456789012345678901234567890123456789', }",
          "expected the end of a short word in quotes" },
        { "{'descr': '<f8', 'shape': (1,)}",
          "expected descr, fortran_order and shape, found less" },
        { "{'descr': '<f8', 'fortran_order': False, 'shape': (0,)} + x",
          "expected its end at its byte 56, found +" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_npy(file(), cases[i].dictionary, NULL, 0);
        const char *sentence = refusal();
        if (strstr(sentence, cases[i].sentence) == NULL)
            fail_msg("%s: %s", cases[i].dictionary, sentence);
    }
}

static void the_preface_is_checked(void **state)
{
    unsigned char image[16] = "\x93NUMPY\x04";
    write_bytes(file(), image, 16);
    assert_string_equal(refusal(), ": expected version 1.0, 2.0 or 3.0 of the format, found 4.0");
    memcpy(image + 6, "\x01\x00\xff\xff", 4);
    write_bytes(file(), image, 16);
    assert_string_equal(refusal(), ": truncated: expected a header of 65535 bytes, found 6");
    memcpy(image + 6, "\x02\x00\xff\xff\xff\xff", 6);
    write_bytes(file(), image, 16);
    assert_string_equal(refusal(),
                        ": damaged: expected a header of at most 65536 bytes, found 4294967295");
    write_bytes(file(), image, 10);
    assert_string_equal(refusal(), ": truncated: it ends before its header");
}

static void integers_that_a_double_rounds_are_refused(void **state)
{
    const int64_t values[2] = { 5, -9007199254740993 };
    write_array(file(), "<i8", "(2,)", values, 16);
    assert_string_equal(refusal(),
                        ": expected integers below 2^53, found about -9007199254740992 as number "
                        "1; convert the array with array.astype('float64') if they may be rounded");
    const uint64_t largest = UINT64_MAX;
    write_array(file(), "<u8", "()", &largest, 8);
    assert_non_null(strstr(refusal(), "expected integers below 2^53"));
    write_array(file(), "|b1", "(1,)", "\x02", 1);
    assert_string_equal(refusal(), ": damaged: expected 0 or 1 in an array of bool, found 2");
}

static void a_value_that_is_no_number_is_told_by_its_index(void **state)
{
    double values[12] = { 0 };
    const double bad[] = { NAN, INFINITY, -INFINITY, 3.5e38, -1e300 };
    struct error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        values[7] = bad[i];
        write_array(file(), "<f8", "(2, 3, 2)", values, sizeof values);
        struct npy npy = loaded();
        assert_false(npy_check_values(&npy, "x.npy", &error));
        assert_non_null(strstr(error.text, "x.npy: expected finite numbers of at most 3.4e38"));
        assert_non_null(strstr(error.text, "at index [1, 0, 1]; remove or replace"));
        npy.values[7] = 3.4e38;
        assert_true(npy_check_values(&npy, "x.npy", &error));
        npy_free(&npy);
    }
}

/* Changed, cut, lengthened and spliced images of good files: each is read as what it then says, or
 * refused with a sentence; the sanitizers watch. */
static size_t mutate(struct rng *rng, unsigned char *image, size_t length)
{
    static const char *const parts[] = { "(",        ")",   ",",  "'", "{",  "}", "True",
                                         "99999999", "<i8", "|O", " ", "\n", ":" };
    for (uint64_t changes = 1 + rng_below(rng, 4); changes > 0; changes--) {
        size_t at = (size_t)rng_below(rng, length);
        const char *part = parts[rng_below(rng, sizeof parts / sizeof *parts)];
        switch (rng_below(rng, 5)) {
        case 0:
            image[at] = (unsigned char)rng_u64(rng);
            break;
        case 1:
            image[at] ^= (unsigned char)(1u << rng_below(rng, 8));
            break;
        case 2:
            length = at + 1;
            break;
        case 3:
            image[length++] = (unsigned char)rng_u64(rng);
            break;
        default:
            for (; *part != '\0' && at < length; part++)
                image[at++] = (unsigned char)*part;
        }
    }
    return length;
}

static void mutated_files_are_read_or_refused_with_a_sentence(void **state)
{
    enum { ROUNDS = 8000, SEED = 20 };
    const double values[6] = { 1, 2, 3, 4, 5, 6 };
    int read = 0, refused = 0;
    print_message("# seed %d\n", SEED);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned char image[256];
        struct rng rng;
        struct npy npy;
        struct error error = { "" };
        rng_init(&rng, SEED, RNG_TEST, (uint64_t)round);
        size_t length = npy_image(
            image, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }   \n", values, 48);
        length = mutate(&rng, image, length);
        FILE *memory = fmemopen(image, length, "rb");
        if (npy_read(&npy, memory, length, "x.npy", &error)) {
            read++;
            for (size_t i = 0; i < npy.count; i++)
                npy.values[i] += 1; /* all there */
            npy_free(&npy);
        } else {
            refused++;
            if (strncmp(error.text, "x.npy: ", 7) != 0)
                fail_msg("round %d: %s", round, error.text);
        }
        fclose(memory);
    }
    assert_true(read > ROUNDS / 20 && refused > ROUNDS / 2);
}

static void a_file_that_shrinks_meanwhile_is_refused(void **state)
{
    unsigned char image[256];
    const double values[2] = { 1, 2 };
    struct npy npy;
    struct error error;
    size_t length =
        npy_image(image, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", values, 16);
    FILE *memory = fmemopen(image, length - 8, "rb");
    assert_false(npy_read(&npy, memory, length, "x.npy", &error));
    assert_string_equal(error.text,
                        "x.npy: cannot be read to its end: it became shorter meanwhile");
    fclose(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read_for_what_it_is),
        cmocka_unit_test(shapes_of_any_rank_are_read_in_c_order),
        cmocka_unit_test(a_long_array_is_read_to_its_end),
        cmocka_unit_test(versions_2_and_3_have_a_longer_length),
        cmocka_unit_test(keys_and_blanks_may_stand_as_they_like),
        cmocka_unit_test(what_is_no_npy_file_is_told_by_its_first_bytes),
        cmocka_unit_test(a_directory_is_no_file),
        cmocka_unit_test(a_truncated_file_is_told_by_its_bytes),
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_shape_that_the_file_cannot_hold_allocates_nothing),
        cmocka_unit_test(types_that_are_not_plain_numbers_are_refused_with_the_fix),
        cmocka_unit_test(fortran_order_is_refused_with_the_fix_where_it_makes_a_difference),
        cmocka_unit_test(a_damaged_header_is_told_by_its_place),
        cmocka_unit_test(the_preface_is_checked),
        cmocka_unit_test(integers_that_a_double_rounds_are_refused),
        cmocka_unit_test(a_value_that_is_no_number_is_told_by_its_index),
        cmocka_unit_test(mutated_files_are_read_or_refused_with_a_sentence),
        cmocka_unit_test(a_file_that_shrinks_meanwhile_is_refused),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
