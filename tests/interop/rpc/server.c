/*
 * A server of every_kind.x in C: rpcgen's stubs on libtirpc.
 *
 *   server BUFFER
 *
 * listens on a free port of the loopback interface, without rpcbind, and tells
 * the port on standard output. BUFFER is the size of libtirpc's buffers in
 * bytes: what does not fit into one goes out as several fragments. It ends
 * when standard input does.
 */

#include "values.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What rpcgen makes, but does not declare. */
void every_kind_1(struct svc_req *call, SVCXPRT *transport);
void every_kind_2(struct svc_req *call, SVCXPRT *transport);
void every_kind_4(struct svc_req *call, SVCXPRT *transport);

#define ANSWER(procedure, type, routine)                                       \
    bool_t procedure##_svc(type value, type *result, struct svc_req *call)     \
    {                                                                          \
        (void)call;                                                            \
        turn_##type(&value);                                                   \
        *result = value;                                                       \
        return TRUE;                                                           \
    }
TURNING_PROCEDURES(ANSWER)

bool_t connect_2_svc(point from, point to, char *label, line *result,
    struct svc_req *call)
{
    (void)call;
    *result = (line){ from, to, label };
    return TRUE;
}

static blob stored;

bool_t store_2_svc(int mask, blob value, void *result, struct svc_req *call)
{
    (void)result;
    (void)call;
    free(stored.blob_val);
    stored.blob_len = value.blob_len;
    stored.blob_val = malloc(value.blob_len + 1);
    if (stored.blob_val == NULL)
        return FALSE;
    for (u_int i = 0; i < value.blob_len; i++)
        stored.blob_val[i] = value.blob_val[i] ^ (char)mask;
    return TRUE;
}

bool_t load_2_svc(blob *result, struct svc_req *call)
{
    (void)call;
    *result = stored;
    return TRUE;
}

bool_t fail_4_svc(int how, void *result, struct svc_req *call)
{
    (void)result;
    switch (how) {
    case SUCCEED:
        return TRUE;
    case FAIL_WITH_SYSTEM_ERROR:
        svcerr_systemerr(call->rq_xprt);
        return FALSE;
    case AUTH_TOOWEAK:
        svcerr_weakauth(call->rq_xprt);
        return FALSE;
    default:
        svcerr_auth(call->rq_xprt, (enum auth_stat)how);
        return FALSE;
    }
}

/* How many notes there were, and what they and their order come to. */
static quad_t notes[2];

bool_t note_4_svc(int value, void *result, struct svc_req *call)
{
    (void)result;
    (void)call;
    notes[0] += 1;
    notes[1] = (quad_t)((u_quad_t)notes[1] * 31 + (u_quad_t)(quad_t)value);
    /* rpcgen's way to send no reply. */
    return FALSE;
}

bool_t noted_4_svc(numbers *result, struct svc_req *call)
{
    (void)call;
    result->numbers_len = 2;
    result->numbers_val = notes;
    return TRUE;
}

bool_t who_4_svc(caller *result, struct svc_req *call)
{
    memset(result, 0, sizeof *result);
    result->machine = "";
    result->flavor = call->rq_cred.oa_flavor;
    if (result->flavor == AUTH_SYS) {
        const struct authunix_parms *who = call->rq_clntcred;
        result->machine = who->aup_machname;
        result->uid = who->aup_uid;
        result->gid = who->aup_gid;
        result->gids.gids_len = who->aup_len;
        result->gids.gids_val = who->aup_gids;
    }
    return TRUE;
}

/*
 * Results consist of the arguments, which rpcgen's code frees itself, and of
 * what stays.
 */
#define FREE_NOTHING(version)                                                  \
    int every_kind_##version##_freeresult(SVCXPRT *transport, xdrproc_t code,  \
        caddr_t result)                                                        \
    {                                                                          \
        (void)transport;                                                       \
        (void)code;                                                            \
        (void)result;                                                          \
        return TRUE;                                                           \
    }
FREE_NOTHING(1)
FREE_NOTHING(2)
FREE_NOTHING(4)

static void *end_with_input(void *unused)
{
    (void)unused;
    while (getchar() != EOF)
        ;
    exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: server BUFFER");
    u_int buffer = (u_int)atoi(argv[1]);
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0
        || listen(listener, SOMAXCONN) < 0
        || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        die("cannot listen");
    SVCXPRT *transport = svc_vc_create(listener, buffer, buffer);
    if (transport == NULL
        || !svc_reg(transport, EVERY_KIND, 1, every_kind_1, NULL)
        || !svc_reg(transport, EVERY_KIND, 2, every_kind_2, NULL)
        || !svc_reg(transport, EVERY_KIND, 4, every_kind_4, NULL))
        die("cannot serve");
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_with_input, NULL) != 0)
        die("cannot start a thread");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    svc_run();
    die("svc_run ended");
}
