/*
 * Values of the types of every_kind.x, as the programs of this folder have
 * them: made at random, turned, compared.
 *
 * To turn a value is to change all of it in a way that gives another value of
 * the type, as ../tests/rpc/turn.rs does in Rust:
 *   integers       the lowest bit is the other one;
 *   numbers        the sign is the other one;
 *   booleans       the other one;
 *   colours        the next one in the file, the first one after the last;
 *   strings        ASCII letters are small instead of capital, and vice versa;
 *   opaque data, arrays and lists
 *                  the other way round, and each element turned but for bytes;
 *   structures, unions and optional values
 *                  each part turned, the discriminant as it was.
 */

#ifndef METADR_VALUES_H
#define METADR_VALUES_H

#include "every_kind.h"

#include <stdint.h>

/* The argument of TURN_STRING: rpcgen has no name for its type. */
typedef char *text;

/*
 * The procedures that turn a value. X gets the name of rpcgen's function, the
 * type, and the routine that codes it.
 */
#define TURNING_PROCEDURES(X)                                                  \
    X(turn_int_1, int, xdr_int)                                                \
    X(turn_unsigned_1, u_int, xdr_u_int)                                       \
    X(turn_hyper_1, quad_t, xdr_quad_t)                                        \
    X(turn_unsigned_hyper_1, u_quad_t, xdr_u_quad_t)                           \
    X(turn_short_1, short, xdr_short)                                          \
    X(turn_char_1, u_char, xdr_u_char)                                         \
    X(turn_long_1, long, xdr_long)                                             \
    X(turn_float_1, float, xdr_float)                                          \
    X(turn_double_1, double, xdr_double)                                       \
    X(turn_bool_1, bool_t, xdr_bool)                                           \
    X(turn_colour_1, colour, xdr_colour)                                       \
    X(turn_string_1, text, xdr_wrapstring)                                     \
    X(turn_blob_1, blob, xdr_blob)                                             \
    X(turn_everything_2, everything, xdr_everything)                           \
    X(turn_chain_2, chain, xdr_chain)                                          \
    X(turn_shape_2, shape, xdr_shape)                                          \
    X(turn_numbers_2, numbers, xdr_numbers)                                    \
    X(turn_outcome_2, outcome, xdr_outcome)                                    \
    X(turn_perhaps_2, perhaps, xdr_perhaps)

/* bool_t is int, but is not made and turned like one. */
#define make_bool_t make_bool
#define turn_bool_t turn_bool

#define VALUE_FUNCTIONS(procedure, type, routine)                              \
    void make_##type(type *value);                                             \
    void turn_##type(type *value);
TURNING_PROCEDURES(VALUE_FUNCTIONS)

void make_point(point *value);

/* Where all random values come from: the same seed gives the same values. */
void seed_values(uint64_t seed);

/* Ends the program if two values are not the same. */
void expect_same(const char *what, xdrproc_t code, void *one, void *other);

/* Ends the program. */
_Noreturn void die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
