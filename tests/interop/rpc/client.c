/*
 * A client of every_kind.x in C: rpcgen's stubs on libtirpc.
 *
 *   client PORT BUFFER TASK [ARGUMENT]...
 *
 * does one of the tasks below with a server on a port of the loopback
 * interface, without rpcbind. BUFFER is as for the server. It ends with status
 * 0 if all was as expected, and otherwise says what was not.
 */

#include "drifted.h"
#include "values.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static in_port_t port;
static u_int buffer;

static CLIENT *client_of(u_int program, u_int version)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = port };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int any = RPC_ANYSOCK;
    CLIENT *client
        = clnttcp_create(&address, program, version, &any, buffer, buffer);
    if (client == NULL)
        die("%s", clnt_spcreateerror("clnttcp_create"));
    return client;
}

static void expect_success(CLIENT *client, const char *what, enum clnt_stat got)
{
    if (got != RPC_SUCCESS)
        die("%s", clnt_sperror(client, what));
}

/* Says how a call ended, with all that its reply says. */
static void report(CLIENT *client, const char *what, enum clnt_stat got)
{
    struct rpc_err error;
    clnt_geterr(client, &error);
    printf("%s: ", what);
    switch (got) {
    case RPC_SUCCESS:
        printf("RPC_SUCCESS\n");
        return;
    case RPC_PROGUNAVAIL:
        printf("RPC_PROGUNAVAIL\n");
        return;
    case RPC_PROGVERSMISMATCH:
        printf("RPC_PROGVERSMISMATCH %u %u\n", (u_int)error.re_vers.low,
            (u_int)error.re_vers.high);
        return;
    case RPC_VERSMISMATCH:
        printf("RPC_VERSMISMATCH %u %u\n", (u_int)error.re_vers.low,
            (u_int)error.re_vers.high);
        return;
    case RPC_PROCUNAVAIL:
        printf("RPC_PROCUNAVAIL\n");
        return;
    case RPC_CANTDECODEARGS:
        printf("RPC_CANTDECODEARGS\n");
        return;
    case RPC_SYSTEMERROR:
        printf("RPC_SYSTEMERROR\n");
        return;
    case RPC_AUTHERROR:
        printf("RPC_AUTHERROR %d\n", (int)error.re_why);
        return;
    default:
        printf("%d, %s\n", (int)got, clnt_sperrno(got));
    }
}

#define TURN(procedure, type, routine)                                         \
    static void try_##procedure(CLIENT *client)                                \
    {                                                                          \
        type value, result;                                                    \
        memset(&value, 0, sizeof value);                                       \
        memset(&result, 0, sizeof result);                                     \
        make_##type(&value);                                                   \
        expect_success(client, #procedure, procedure(value, &result, client)); \
        turn_##type(&value);                                                   \
        expect_same(#procedure, (xdrproc_t)routine, &value, &result);          \
        xdr_free((xdrproc_t)routine, &value);                                  \
        xdr_free((xdrproc_t)routine, &result);                                 \
    }
TURNING_PROCEDURES(TURN)

static const struct {
    const char *name;
    void (*run)(CLIENT *client);
} turns[] = {
#define ENTRY(procedure, type, routine) { #procedure, try_##procedure },
    TURNING_PROCEDURES(ENTRY)
};

static void try_connect(CLIENT *client)
{
    line value, result;
    memset(&result, 0, sizeof result);
    make_point(&value.from);
    make_point(&value.to);
    value.label = "an edge";
    expect_success(client, "connect_2",
        connect_2(value.from, value.to, value.label, &result, client));
    expect_same("connect_2", (xdrproc_t)xdr_line, &value, &result);
    xdr_free((xdrproc_t)xdr_line, &result);
}

static void try_store(CLIENT *client, blob value)
{
    blob result = { 0, NULL };
    int mask;
    make_int(&mask);
    /* What decodes no results does not write any either. */
    expect_success(client, "store_2", store_2(mask, value, NULL, client));
    expect_success(client, "load_2", load_2(&result, client));
    for (u_int i = 0; i < value.blob_len; i++)
        value.blob_val[i] ^= (char)mask;
    expect_same("load_2", (xdrproc_t)xdr_blob, &value, &result);
    xdr_free((xdrproc_t)xdr_blob, &result);
}

/* values SEED COUNT: random arguments for every procedure, so often. */
static void do_values(char **arguments)
{
    CLIENT *clients[] = { client_of(EVERY_KIND, 1), client_of(EVERY_KIND, 2) };
    seed_values(strtoull(arguments[0], NULL, 0));
    for (int i = atoi(arguments[1]); i > 0; i--) {
        for (size_t j = 0; j < sizeof turns / sizeof *turns; j++) {
            /* The name ends with the version. */
            char version = turns[j].name[strlen(turns[j].name) - 1];
            turns[j].run(clients[version - '1']);
        }
        blob value = { 0, NULL };
        make_blob(&value);
        try_store(clients[1], value);
        xdr_free((xdrproc_t)xdr_blob, &value);
        try_connect(clients[1]);
    }
    clnt_destroy(clients[0]);
    clnt_destroy(clients[1]);
}

/* large SIZE: arguments and results of so many bytes. */
static void do_large(char **arguments)
{
    blob value = { (u_int)atoi(arguments[0]), NULL };
    value.blob_val = malloc(value.blob_len);
    if (value.blob_val == NULL)
        die("out of memory");
    for (u_int i = 0; i < value.blob_len; i++)
        value.blob_val[i] = (char)(i * 7 + i / 256);
    CLIENT *client = client_of(EVERY_KIND, 2);
    try_store(client, value);
    clnt_destroy(client);
}

/* errors: what becomes of calls that are refused, and that others are served. */
static void do_errors(char **arguments)
{
    (void)arguments;
    int result;
    line edge = { { 0, 0 }, { 0, 0 }, NULL };
    char label[MAX_NAME + 2] = "";
    memset(label, 'x', MAX_NAME + 1);
    CLIENT *first = client_of(EVERY_KIND, 1);
    CLIENT *second = client_of(EVERY_KIND, 2);
    CLIENT *between = client_of(EVERY_KIND, 3);
    CLIENT *elsewhere = client_of(ELSEWHERE, 1);
    report(elsewhere, "another program", be_elsewhere_1(NULL, elsewhere));
    report(between, "another version", left_out_3(NULL, between));
    report(first, "another procedure", turn_nothing_1(NULL, first));
    report(first, "other arguments", turn_too_little_1(NULL, first));
    report(second, "too long a result",
        connect_2(edge.from, edge.to, label, &edge, second));
    report(first, "after all that", turn_int_1(1, &result, first));
    clnt_destroy(first);
    clnt_destroy(second);
    clnt_destroy(between);
    clnt_destroy(elsewhere);
}

/* fail HOW...: what becomes of calls that the server fails. */
static void do_fail(char **arguments)
{
    CLIENT *client = client_of(EVERY_KIND, 4);
    for (; *arguments != NULL; arguments++)
        report(client, *arguments, fail_4(atoi(*arguments), NULL, client));
    clnt_destroy(client);
}

/* batch COUNT: so many calls that await no reply, and one that does. */
static void do_batch(char **arguments)
{
    struct timeval at_once = { 0, 0 };
    CLIENT *client = client_of(EVERY_KIND, 4);
    int count = atoi(arguments[0]);
    quad_t expected[2] = { count, 0 };
    for (int i = 0; i < count; i++) {
        enum clnt_stat got = clnt_call(client, NOTE, (xdrproc_t)xdr_int,
            (caddr_t)&i, (xdrproc_t)NULL, NULL, at_once);
        expect_success(client, "note_4", got);
        expected[1] = (quad_t)((u_quad_t)expected[1] * 31 + (u_quad_t)i);
    }
    numbers value = { 2, expected };
    numbers result = { 0, NULL };
    expect_success(client, "noted_4", noted_4(&result, client));
    expect_same("noted_4", (xdrproc_t)xdr_numbers, &value, &result);
    clnt_destroy(client);
}

/* A credential of any flavor, with a body of zeros. */
static struct opaque_auth any_credential;

static int any_marshal(AUTH *auth, XDR *stream)
{
    (void)auth;
    return xdr_opaque_auth(stream, &any_credential)
        && xdr_opaque_auth(stream, &_null_auth);
}

static int any_wrap(AUTH *auth, XDR *stream, xdrproc_t code, caddr_t value)
{
    (void)auth;
    return code(stream, value);
}

static int any_validate(AUTH *auth, struct opaque_auth *verifier)
{
    (void)auth;
    (void)verifier;
    return TRUE;
}

static int any_refresh(AUTH *auth, void *message)
{
    (void)auth;
    (void)message;
    return FALSE;
}

static AUTH *any_create(int flavor, u_int size)
{
    static char zeros[MAX_AUTH_BYTES];
    static struct auth_ops operations = {
        .ah_marshal = any_marshal,
        .ah_wrap = any_wrap,
        .ah_unwrap = any_wrap,
        .ah_validate = any_validate,
        .ah_refresh = any_refresh,
    };
    static AUTH any = { .ah_ops = &operations };
    any_credential = (struct opaque_auth){ flavor, zeros, size };
    return &any;
}

/*
 * who none                 who the server takes the caller for;
 * who sys                  the same, with a credential of libtirpc's;
 * who any FLAVOR SIZE      the same, with one that nobody knows.
 */
static void do_who(char **arguments)
{
    uid_t groups[] = { 4, 24, 27 };
    caller result;
    memset(&result, 0, sizeof result);
    CLIENT *client = client_of(EVERY_KIND, 4);
    if (strcmp(arguments[0], "sys") == 0)
        client->cl_auth = authunix_create("c.example", 1001, 1002, 3, groups);
    else if (strcmp(arguments[0], "any") == 0)
        client->cl_auth
            = any_create(atoi(arguments[1]), (u_int)atoi(arguments[2]));
    enum clnt_stat got = who_4(&result, client);
    report(client, "who", got);
    if (got == RPC_SUCCESS) {
        printf("%d %s %u %u", result.flavor, result.machine, result.uid,
            result.gid);
        for (u_int i = 0; i < result.gids.gids_len; i++)
            printf(" %u", result.gids.gids_val[i]);
        printf("\n");
    }
    clnt_destroy(client);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        void (*run)(char **arguments);
    } tasks[] = {
        { "values", 2, do_values },
        { "large", 1, do_large },
        { "errors", 0, do_errors },
        { "fail", 1, do_fail },
        { "batch", 1, do_batch },
        { "who", 1, do_who },
    };
    if (argc < 4)
        die("usage: client PORT BUFFER TASK [ARGUMENT]...");
    port = htons((in_port_t)atoi(argv[1]));
    buffer = (u_int)atoi(argv[2]);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].name, argv[3]) == 0
            && argc >= 4 + tasks[i].arguments) {
            tasks[i].run(argv + 4);
            return 0;
        }
    die("no such task: %s", argv[3]);
}
