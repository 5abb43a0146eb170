/* Random values, and how they are turned: see values.h. */

#include "values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most elements of what has no bound in the file. */
#define MANY 60
/* The most that expect_same has to encode. */
#define CAPACITY (4u << 20)

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    /* As libtirpc does: its routines free the values. */
    void *memory = calloc(count + 1, size);
    if (memory == NULL)
        die("out of memory");
    return memory;
}

/* Equal values have equal encodings, and only they. */
void expect_same(const char *what, xdrproc_t code, void *one, void *other)
{
    static char encodings[2][CAPACITY];
    void *values[2] = { one, other };
    u_int sizes[2];
    for (int i = 0; i < 2; i++) {
        XDR stream;
        xdrmem_create(&stream, encodings[i], CAPACITY, XDR_ENCODE);
        if (!code(&stream, values[i]))
            die("%s: a value cannot be encoded", what);
        sizes[i] = xdr_getpos(&stream);
    }
    if (sizes[0] != sizes[1] || memcmp(encodings[0], encodings[1], sizes[0]))
        die("%s: another value than expected", what);
}

/* xorshift64* */
static uint64_t state;

void seed_values(uint64_t seed)
{
    state = seed | 1;
}

static uint32_t word(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(2685821657736338717)) >> 32);
}

/* A number up to `most`, which is included; that and 0 come often. */
static u_int up_to(u_int most)
{
    switch (word() % 8) {
    case 0:
        return 0;
    case 1:
        return most;
    default:
        return word() % (most + 1);
    }
}

/* The integers and the other numbers: any bits will do. */
#define NUMBER(type)                                                           \
    void make_##type(type *value)                                              \
    {                                                                          \
        uint64_t bits = (uint64_t)word() << 32 | word();                       \
        memcpy(value, &bits, sizeof *value);                                   \
    }
#define INTEGER(type)                                                          \
    NUMBER(type)                                                               \
    void turn_##type(type *value)                                              \
    {                                                                          \
        *value ^= 1;                                                           \
    }
#define FRACTION(type)                                                         \
    NUMBER(type)                                                               \
    void turn_##type(type *value)                                              \
    {                                                                          \
        *value = -*value;                                                      \
    }
INTEGER(int)
INTEGER(u_int)
INTEGER(quad_t)
INTEGER(u_quad_t)
INTEGER(short)
INTEGER(u_short)
INTEGER(char)
INTEGER(u_char)
FRACTION(float)
FRACTION(double)

/* These have four bytes on the wire, and more in memory. */
void make_long(long *value)
{
    *value = (int32_t)word();
}

void turn_long(long *value)
{
    *value ^= 1;
}

static void make_u_long(u_long *value)
{
    *value = word();
}

static void turn_u_long(u_long *value)
{
    *value ^= 1;
}

void make_bool(bool_t *value)
{
    *value = word() % 2;
}

void turn_bool(bool_t *value)
{
    *value = !*value;
}

static const colour colours[] = { RED, GREEN, BLUE, BLACK };

void make_colour(colour *value)
{
    *value = colours[word() % 4];
}

void turn_colour(colour *value)
{
    int i = 0;
    while (colours[i] != *value)
        i++;
    *value = colours[(i + 1) % 4];
}

/* UTF-8, as strings in Rust are, of at most so many bytes. */
static void make_string(text *value, u_int most)
{
    static const char *const characters[] = { "a", "Z", "@", "\x01", "\x7f",
        "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    u_int length = up_to(most);
    *value = allocate(length, 1);
    for (;;) {
        const char *one = characters[word() % 8];
        if (strlen(*value) + strlen(one) > length)
            return;
        strcat(*value, one);
    }
}

void make_text(text *value)
{
    make_string(value, MANY);
}

static void make_name(name *value)
{
    make_string(value, MAX_NAME);
}

void turn_text(text *value)
{
    for (char *at = *value; *at != '\0'; at++)
        if ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z'))
            *at ^= 'a' ^ 'A';
}

#define turn_name turn_text

static void make_bytes(char *bytes, u_int length)
{
    for (u_int i = 0; i < length; i++)
        bytes[i] = (char)word();
}

static void turn_bytes(char *bytes, u_int length)
{
    for (u_int i = 0; i < length / 2; i++) {
        char first = bytes[i];
        bytes[i] = bytes[length - 1 - i];
        bytes[length - 1 - i] = first;
    }
}

/* rpcgen has a type for each variable array: len and val stand for its fields. */
#define MAKE_BYTES(len, val, most)                                             \
    do {                                                                       \
        (len) = up_to(most);                                                   \
        (val) = allocate((len), 1);                                            \
        make_bytes((val), (len));                                              \
    } while (0)

#define MAKE_EACH(type, len, val)                                              \
    do {                                                                       \
        for (u_int i = 0; i < (len); i++)                                      \
            make_##type(&(val)[i]);                                            \
    } while (0)

#define MAKE_ARRAY(type, len, val, most)                                       \
    do {                                                                       \
        (len) = up_to(most);                                                   \
        (val) = allocate((len), sizeof *(val));                                \
        MAKE_EACH(type, len, val);                                             \
    } while (0)

#define TURN_ARRAY(type, len, val)                                             \
    do {                                                                       \
        for (u_int i = 0; i < (len); i++)                                      \
            turn_##type(&(val)[i]);                                            \
        for (u_int i = 0; i < (len) / 2; i++) {                                \
            type first = (val)[i];                                             \
            (val)[i] = (val)[(len)-1 - i];                                     \
            (val)[(len)-1 - i] = first;                                        \
        }                                                                      \
    } while (0)

void make_blob(blob *value)
{
    MAKE_BYTES(value->blob_len, value->blob_val, MANY);
}

void turn_blob(blob *value)
{
    turn_bytes(value->blob_val, value->blob_len);
}

void make_numbers(numbers *value)
{
    MAKE_ARRAY(quad_t, value->numbers_len, value->numbers_val, MAX_LIST);
}

void turn_numbers(numbers *value)
{
    TURN_ARRAY(quad_t, value->numbers_len, value->numbers_val);
}

void make_point(point *value)
{
    make_int(&value->x);
    make_int(&value->y);
}

static void turn_point(point *value)
{
    turn_int(&value->x);
    turn_int(&value->y);
}

static void make_line(line *value)
{
    make_point(&value->from);
    make_point(&value->to);
    make_name(&value->label);
}

static void turn_line(line *value)
{
    turn_point(&value->from);
    turn_point(&value->to);
    turn_name(&value->label);
}

void make_chain(chain *value)
{
    *value = NULL;
    for (u_int length = up_to(MANY); length > 0; length--) {
        node *one = allocate(1, sizeof *one);
        make_int(&one->value);
        one->next = *value;
        *value = one;
    }
}

void turn_chain(chain *value)
{
    node *turned = NULL;
    for (node *one = *value, *next; one != NULL; one = next) {
        next = one->next;
        turn_int(&one->value);
        one->next = turned;
        turned = one;
    }
    *value = turned;
}

void make_shape(shape *value)
{
    make_colour(&value->which);
    switch (value->which) {
    case RED:
        make_line(&value->shape_u.edge);
        break;
    case GREEN:
        break;
    case BLUE:
        MAKE_ARRAY(point, value->shape_u.corners.corners_len,
            value->shape_u.corners.corners_val, 4);
        break;
    default:
        make_bytes(value->shape_u.hidden, KEY_SIZE);
    }
}

void turn_shape(shape *value)
{
    switch (value->which) {
    case RED:
        turn_line(&value->shape_u.edge);
        break;
    case GREEN:
        break;
    case BLUE:
        TURN_ARRAY(point, value->shape_u.corners.corners_len,
            value->shape_u.corners.corners_val);
        break;
    default:
        turn_bytes(value->shape_u.hidden, KEY_SIZE);
    }
}

void make_outcome(outcome *value)
{
    static const int statuses[] = { 0, 1, -2, 2, INT32_MIN };
    value->status = statuses[word() % 5];
    if (value->status == 0)
        make_double(&value->outcome_u.measured);
    else if (value->status == 1 || value->status == -2)
        make_text(&value->outcome_u.message);
}

void turn_outcome(outcome *value)
{
    if (value->status == 0)
        turn_double(&value->outcome_u.measured);
    else if (value->status == 1 || value->status == -2)
        turn_text(&value->outcome_u.message);
}

void make_perhaps(perhaps *value)
{
    make_bool(&value->present);
    if (value->present)
        make_u_quad_t(&value->perhaps_u.value);
}

void turn_perhaps(perhaps *value)
{
    if (value->present)
        turn_u_quad_t(&value->perhaps_u.value);
}

void make_everything(everything *value)
{
    make_char(&value->tiny);
    make_u_char(&value->tiny_unsigned);
    make_short(&value->small);
    make_u_short(&value->small_unsigned);
    make_int(&value->plain);
    make_u_int(&value->plain_unsigned);
    make_long(&value->wide);
    make_u_long(&value->wide_unsigned);
    make_quad_t(&value->huge);
    make_u_quad_t(&value->huge_unsigned);
    make_float(&value->single_precision);
    make_double(&value->double_precision);
    make_bool(&value->is_set);
    make_colour(&value->paint);
    make_bytes(value->fixed_bytes, sizeof value->fixed_bytes);
    MAKE_BYTES(value->some_bytes.some_bytes_len,
        value->some_bytes.some_bytes_val, 16);
    MAKE_BYTES(value->any_bytes.any_bytes_len, value->any_bytes.any_bytes_val,
        MANY);
    make_text(&value->text);
    make_name(&value->title);
    make_bytes(value->secret, sizeof value->secret);
    make_u_int(&value->total);
    MAKE_EACH(int, 4, value->fixed_ints);
    MAKE_ARRAY(u_int, value->some_ints.some_ints_len,
        value->some_ints.some_ints_val, 8);
    MAKE_ARRAY(bool, value->flags.flags_len, value->flags.flags_val, MANY);
    MAKE_ARRAY(name, value->names.names_len, value->names.names_val, MAX_LIST);
    MAKE_EACH(point, 3, value->area);
    MAKE_ARRAY(line, value->lines.lines_len, value->lines.lines_val, 3);
    value->shortcut = NULL;
    if (word() % 2) {
        value->shortcut = allocate(1, sizeof *value->shortcut);
        make_line(value->shortcut);
    }
    make_chain(&value->first);
    make_shape(&value->form);
    make_outcome(&value->result);
    make_perhaps(&value->maybe);
}

void turn_everything(everything *value)
{
    turn_char(&value->tiny);
    turn_u_char(&value->tiny_unsigned);
    turn_short(&value->small);
    turn_u_short(&value->small_unsigned);
    turn_int(&value->plain);
    turn_u_int(&value->plain_unsigned);
    turn_long(&value->wide);
    turn_u_long(&value->wide_unsigned);
    turn_quad_t(&value->huge);
    turn_u_quad_t(&value->huge_unsigned);
    turn_float(&value->single_precision);
    turn_double(&value->double_precision);
    turn_bool(&value->is_set);
    turn_colour(&value->paint);
    turn_bytes(value->fixed_bytes, sizeof value->fixed_bytes);
    turn_bytes(value->some_bytes.some_bytes_val,
        value->some_bytes.some_bytes_len);
    turn_bytes(value->any_bytes.any_bytes_val, value->any_bytes.any_bytes_len);
    turn_text(&value->text);
    turn_name(&value->title);
    turn_bytes(value->secret, sizeof value->secret);
    turn_u_int(&value->total);
    TURN_ARRAY(int, 4, value->fixed_ints);
    TURN_ARRAY(u_int, value->some_ints.some_ints_len,
        value->some_ints.some_ints_val);
    TURN_ARRAY(bool_t, value->flags.flags_len, value->flags.flags_val);
    TURN_ARRAY(name, value->names.names_len, value->names.names_val);
    TURN_ARRAY(point, 3, value->area);
    TURN_ARRAY(line, value->lines.lines_len, value->lines.lines_val);
    if (value->shortcut != NULL)
        turn_line(value->shortcut);
    turn_chain(&value->first);
    turn_shape(&value->form);
    turn_outcome(&value->result);
    turn_perhaps(&value->maybe);
}
