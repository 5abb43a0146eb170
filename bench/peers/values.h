/* What every peer has in common: the values of src/shapes.rs, a clock, and the
 * conversation with the benchmark.
 *
 * A peer reads one line per question and answers with one line:
 *
 *     fingerprint SHAPE          LENGTH HASH     of the encoded value (FNV-1a)
 *     encode SHAPE TIMES         NANOSECONDS     of processor time
 *     decode SHAPE TIMES         NANOSECONDS
 */

#ifndef VALUES_H
#define VALUES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALLS = 1000, BLOB = 1 << 20, NUMBERS = 1000000, NODES = 1000, ITEMS = 10000 };
enum { NAME_LENGTH = 45, DATA_LENGTH = 100 };

/* The room for the greatest encoded value, and some more. It is allocated, as
 * that of the other contenders is: how fast a copy is depends on where it begins. */
enum { BUFFER = 64 << 20 };

static int32_t number_at(uint32_t index)
{
    return (int32_t)(index * UINT32_C(0x9e3779b9));
}

static void fill_text(char *target, size_t length)
{
    for (size_t at = 0; at < length; ++at)
        target[at] = (char)('a' + at % 26);
}

static void fill_data(void *target, size_t length)
{
    for (size_t at = 0; at < length; ++at)
        ((unsigned char *)target)[at] = (unsigned char)(at % 251);
}

/* Keeps the compiler from knowing what is in memory, so that nothing is left
 * out or done only once. */
static inline void forget(const void *memory)
{
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static uint64_t processor_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void print_fingerprint(const void *bytes, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t at = 0; at < length; ++at)
        hash = (hash ^ ((const unsigned char *)bytes)[at]) * UINT64_C(0x100000001b3);
    printf("%zu %llu\n", length, (unsigned long long)hash);
}

#endif
