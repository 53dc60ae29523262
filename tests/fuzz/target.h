/* target.h - what a fuzz target is: a function of bytes that must come back, whatever they are.
 *
 * `make fuzz` links each with libFuzzer and the sanitizers and looks for bytes that break it;
 * `make check` feeds it what is in tests/fuzz/corpus/NAME (replay.c). */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* The code under test broke its promise. */
#define fuzz_fail(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())
#endif
