/*
 * fuzz.h - what the fuzz targets share. A target is a libFuzzer entry point; `./dev fuzz` builds
 * and runs them.
 */
#ifndef OUTLOOKFS_TESTS_FUZZ_H
#define OUTLOOKFS_TESTS_FUZZ_H

#include <outlookfs/base/json.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Called by libFuzzer with each input; answers 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer keeps the input that aborts. */
#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
