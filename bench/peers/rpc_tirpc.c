/* The peer libtirpc in the RPC benchmark: code that rpcgen makes of echo.x,
 * with a server of one thread and a thread for each connection of the client. */

#include "echo.h"
#include "rpc_child.h"

bool_t nothing_1_svc(void *argument, void *result, struct svc_req *request)
{
    (void)argument;
    (void)result;
    (void)request;
    return TRUE;
}

bool_t echo_1_svc(data *argument, data *result, struct svc_req *request)
{
    (void)request;
    result->data_len = argument->data_len;
    result->data_val = (char *)malloc(argument->data_len);
    if (result->data_val == NULL)
        return FALSE;
    memcpy(result->data_val, argument->data_val, argument->data_len);
    return TRUE;
}

int echo_program_1_freeresult(SVCXPRT *transport, xdrproc_t procedure, caddr_t result)
{
    (void)transport;
    xdr_free(procedure, result);
    return 1;
}

/* What rpcgen makes, and declares nowhere. */
void echo_program_1(struct svc_req *request, SVCXPRT *transport);

static int serve(void)
{
    uint16_t port;
    int fd = listen_somewhere(&port);
    SVCXPRT *transport = svc_vc_create(fd, 0, 0);
    check(transport != NULL, "svc_vc_create");
    check(svc_reg(transport, ECHO_PROGRAM, ECHO_V1, echo_program_1, NULL), "svc_reg");
    start_answering(port);
    svc_run();
    return 1;
}

struct connection {
    CLIENT *client;
    data *argument;
};

static void call(void *context)
{
    struct connection *connection = (struct connection *)context;
    if (connection->argument == NULL) {
        check(nothing_1(NULL, NULL, connection->client) == RPC_SUCCESS, "nothing");
    } else {
        data result = { 0, NULL };
        check(echo_1(connection->argument, &result, connection->client) == RPC_SUCCESS, "echo");
        check(result.data_len == connection->argument->data_len, "echo");
        free(result.data_val);
    }
}

static CLIENT *client_of(uint16_t port)
{
    int fd = connect_to(port);
    struct sockaddr_in address;
    struct netbuf server = { sizeof address, sizeof address, &address };
    socklen_t length = sizeof address;
    check(getpeername(fd, (struct sockaddr *)&address, &length) == 0, "getpeername");
    return clnt_vc_create(fd, &server, ECHO_PROGRAM, ECHO_V1, 0, 0);
}

int main(int count, char **words)
{
    static struct connection connections[MANY];
    static struct blocking all[MANY];
    if (count == 3 && strcmp(words[1], "server") == 0)
        return serve();
    check(count == 5, "words");
    struct scenario scenario = scenario_of(words[3]);
    data argument = { scenario.length > 0 ? scenario.length : 0, NULL };
    argument.data_val = (char *)calloc(1, argument.data_len + 1);
    for (int at = 0; at < scenario.connections; ++at) {
        connections[at].client = client_of(atoi(words[4]));
        check(connections[at].client != NULL, "clnt_vc_create");
        connections[at].argument = scenario.length < 0 ? NULL : &argument;
        all[at].call = call;
        all[at].client = &connections[at];
    }
    struct all_blocking blocking = { all, scenario.connections };
    answer_as_client(run_blocking, &blocking);
    return 0;
}
