/*
 * The peer of the interoperation tests: codes values with the routines that
 * rpcgen makes of an .x file, and with libtirpc under them.
 *
 * It is compiled once for each .x file, together with rpcgen's routines.
 * "types.h" is written by the test and defines
 *   TYPES(X)   X(name) for every type of the file that has a routine, and
 *   POOL       numbers that mean something in the file (enumerators, labels).
 *
 * Requests come on standard input, one after another, numbers in the byte
 * order of the machine:
 *   'c' u32 type, u32 length, bytes: decode a value and encode it again;
 *   'm' u32 type, u64 seed: make a value at random and encode it.
 * The answer to each goes to standard output:
 *   u32 taken   how many bytes the value was decoded from, or REFUSED, then
 *   u32 length, bytes: the value encoded again; nothing after REFUSED.
 */

#include "types.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PEER_REFUSED UINT32_MAX
/* The longest encoding. The test keeps its values far below. */
#define PEER_CAPACITY (4u << 20)
/* The most that a value made at random takes from its source. */
#define PEER_WORDS 2000
#define PEER_BYTES 20000
/* libtirpc allocates an array before it knows that the input holds it. */
#define PEER_MEMORY (64u << 20)

struct peer_type {
    bool_t (*code)(XDR *, void *);
    size_t size;
};

#define PEER_WRAP(name)                                                        \
    static bool_t peer_code_##name(XDR *xdrs, void *value)                     \
    {                                                                          \
        return xdr_##name(xdrs, value);                                        \
    }
TYPES(PEER_WRAP)

#define PEER_ENTRY(name) { peer_code_##name, sizeof(name) },
static const struct peer_type peer_types[] = { TYPES(PEER_ENTRY) };
#define PEER_TYPE_COUNT (sizeof(peer_types) / sizeof(peer_types[0]))

static const int32_t peer_pool[] = { POOL };
#define PEER_POOL_COUNT (sizeof(peer_pool) / sizeof(peer_pool[0]))

static void peer_die(const char *why)
{
    fprintf(stderr, "peer: %s\n", why);
    exit(1);
}

/* A source of random numbers: xorshift64*. */
static uint64_t peer_state;

static uint32_t peer_random(void)
{
    peer_state ^= peer_state >> 12;
    peer_state ^= peer_state << 25;
    peer_state ^= peer_state >> 27;
    return (uint32_t)((peer_state * UINT64_C(2685821657736338717)) >> 32);
}

/*
 * A stream that is decoded from and gives what it likes. It cannot know
 * whether a word is a length, a discriminant or any number, so most are small
 * or mean something; a value that a routine does not accept is tried again
 * by the test, with another seed.
 */
static long peer_words, peer_bytes;

static bool_t peer_getlong(XDR *xdrs, long *word)
{
    (void)xdrs;
    if (peer_words-- == 0)
        return FALSE;
    switch (peer_random() % 8) {
    case 0:
        *word = (int32_t)peer_random();
        break;
    case 1:
        *word = (int32_t)(peer_random() % 100);
        break;
    case 2:
    case 3:
        *word = (int32_t)(peer_random() % 4);
        break;
    case 4:
        *word = 0;
        break;
    default:
        *word = peer_pool[peer_random() % PEER_POOL_COUNT];
    }
    return TRUE;
}

/*
 * Characters of one to four bytes: for a string in Rust, the bytes have to be
 * UTF-8, and one of C has no zero in it.
 */
static bool_t peer_getbytes(XDR *xdrs, char *to, u_int length)
{
    static const char *const characters[] = { "a", "~", "\x01", "\x7f",
        "\xc3\xa9", "\xe2\x82\xac", "\xef\xbf\xbf", "\xf0\x9f\x98\x80" };
    (void)xdrs;
    if (length > peer_bytes)
        return FALSE;
    peer_bytes -= length;
    while (length > 0) {
        const char *one = characters[peer_random() % 8];
        u_int size = (u_int)strlen(one);
        if (size > length)
            continue;
        memcpy(to, one, size);
        to += size;
        length -= size;
    }
    return TRUE;
}

static int32_t *peer_inline(XDR *xdrs, u_int length)
{
    (void)xdrs;
    (void)length;
    return NULL;
}

static const struct xdr_ops peer_source = {
    .x_getlong = peer_getlong,
    .x_getbytes = peer_getbytes,
    .x_inline = peer_inline,
};

static void peer_read(void *to, size_t length)
{
    if (fread(to, 1, length, stdin) != length)
        peer_die("a request ends too early");
}

static uint32_t peer_read_u32(void)
{
    uint32_t number;
    peer_read(&number, sizeof(number));
    return number;
}

static void peer_write(const void *from, size_t length)
{
    if (fwrite(from, 1, length, stdout) != length)
        peer_die("nobody reads the answers");
}

static void peer_write_u32(uint32_t number)
{
    peer_write(&number, sizeof(number));
}

/* Decodes a value from a stream, says so, and writes it encoded. */
static void peer_answer(const struct peer_type *type, XDR *from)
{
    static char encoded[PEER_CAPACITY];
    XDR to;
    void *value = calloc(1, type->size);
    if (value == NULL)
        peer_die("out of memory");
    from->x_op = XDR_DECODE;
    if (type->code(from, value)) {
        uint32_t taken = from->x_ops->x_getpostn ? XDR_GETPOS(from) : 0;
        xdrmem_create(&to, encoded, sizeof(encoded), XDR_ENCODE);
        if (!type->code(&to, value))
            peer_die("a value that was decoded cannot be encoded");
        uint32_t length = XDR_GETPOS(&to);
        peer_write_u32(taken);
        peer_write_u32(length);
        peer_write(encoded, length);
    } else {
        peer_write_u32(PEER_REFUSED);
    }
    from->x_op = XDR_FREE;
    type->code(from, value);
    free(value);
    fflush(stdout);
}

int main(void)
{
    static char input[PEER_CAPACITY];
    const struct rlimit memory = { PEER_MEMORY, PEER_MEMORY };
    int operation;
    if (setrlimit(RLIMIT_AS, &memory) != 0)
        peer_die("no limit of memory can be set");
    while ((operation = getchar()) != EOF) {
        XDR from;
        uint32_t index = peer_read_u32();
        if (index >= PEER_TYPE_COUNT)
            peer_die("no such type");
        if (operation == 'c') {
            uint32_t length = peer_read_u32();
            if (length > sizeof(input))
                peer_die("a value is too long");
            peer_read(input, length);
            xdrmem_create(&from, input, length, XDR_DECODE);
        } else if (operation == 'm') {
            memset(&from, 0, sizeof(from));
            from.x_ops = &peer_source;
            peer_read(&peer_state, sizeof(peer_state));
            peer_state |= 1;
            peer_words = PEER_WORDS;
            peer_bytes = PEER_BYTES;
        } else {
            peer_die("no such request");
        }
        peer_answer(&peer_types[index], &from);
    }
    return 0;
}
