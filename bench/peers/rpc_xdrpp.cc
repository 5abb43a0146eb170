/* The peer XDRPP in the RPC benchmark: code that xdrc makes of echo.x, with its
 * asynchronous server and either its asynchronous or its synchronous client. */

#include "echo.hh"
#include "rpc_child.h"
#include <deque>
#include <xdrpp/arpc.h>
#include <xdrpp/srpc.h>

class echo_server {
public:
    using rpc_interface_type = ECHO_V1;

    void nothing(xdr::reply_cb<void> reply) { reply(); }
    void echo(const data &argument, xdr::reply_cb<data> reply) { reply(argument); }
};

static int serve()
{
    uint16_t port;
    xdr::unique_sock listening{ xdr::sock_t(listen_somewhere(&port)) };
    xdr::pollset pollset;
    xdr::arpc_tcp_listener<> listener(pollset, std::move(listening), false, {});
    echo_server server;
    listener.register_service(server);
    start_answering(port);
    pollset.run();
    return 1;
}

static data argument_of(const scenario &scenario)
{
    data argument;
    if (scenario.length > 0)
        argument.resize(scenario.length);
    return argument;
}

/* Calls in flight on connections of one thread's. */
class asynchronous {
    xdr::pollset pollset_;
    std::deque<xdr::rpc_sock> sockets_;
    const scenario scenario_;
    const data argument_;
    uint64_t started_, finished_, calls_;
    latencies *latencies_;

public:
    asynchronous(const scenario &scenario, uint16_t port)
        : scenario_(scenario), argument_(argument_of(scenario))
    {
        for (int at = 0; at < scenario.connections; ++at)
            sockets_.emplace_back(pollset_, xdr::sock_t(connect_to(port)));
    }

    void run(uint64_t calls, latencies *latencies)
    {
        started_ = finished_ = 0;
        calls_ = calls;
        latencies_ = latencies;
        for (int at = 0; at < scenario_.calls_in_flight; ++at)
            start(sockets_[at % sockets_.size()]);
        while (finished_ < calls_)
            pollset_.poll();
    }

private:
    void start(xdr::rpc_sock &socket)
    {
        if (started_ == calls_)
            return;
        uint64_t start = started_++ % TIMED == 0 ? clock_ns(CLOCK_MONOTONIC) : 0;
        xdr::arpc_client<ECHO_V1> client{ socket };
        if (scenario_.length < 0) {
            client.nothing([this, &socket, start](xdr::call_result<void> result) {
                check(bool(result), "a reply");
                finish(socket, start);
            });
        } else {
            client.echo(argument_, [this, &socket, start](xdr::call_result<data> result) {
                check(result && result->size() == argument_.size(), "a reply");
                finish(socket, start);
            });
        }
    }

    void finish(xdr::rpc_sock &socket, uint64_t started)
    {
        ++finished_;
        if (started != 0)
            add_latency(latencies_, clock_ns(CLOCK_MONOTONIC) - started);
        start(socket);
    }
};

static void run_asynchronous(void *context, uint64_t calls, latencies *latencies)
{
    static_cast<asynchronous *>(context)->run(calls, latencies);
}

/* One call at a time. */
struct synchronous {
    xdr::srpc_client<ECHO_V1> client;
    const bool is_null;
    const data argument;

    synchronous(const scenario &scenario, uint16_t port)
        : client(xdr::sock_t(connect_to(port))), is_null(scenario.length < 0),
          argument(argument_of(scenario))
    {
    }
};

static void call_synchronously(void *context)
{
    auto &connection = *static_cast<synchronous *>(context);
    if (connection.is_null)
        connection.client.nothing();
    else
        check(connection.client.echo(connection.argument)->size() == connection.argument.size(),
            "a reply");
}

static void call_in_threads(const scenario &scenario, uint16_t port)
{
    std::deque<synchronous> clients;
    std::vector<blocking> all;
    for (int at = 0; at < scenario.connections; ++at) {
        clients.emplace_back(scenario, port);
        all.push_back({ call_synchronously, &clients.back(), 0, { nullptr, 0, 0 } });
    }
    all_blocking connections = { all.data(), scenario.connections };
    answer_as_client(run_blocking, &connections);
}

int main(int count, char **words)
{
    if (count == 3 && std::strcmp(words[1], "server") == 0)
        return serve();
    check(count == 5, "words");
    scenario scenario = scenario_of(words[3]);
    uint16_t port = std::atoi(words[4]);
    if (std::strcmp(words[2], "xdrpp-srpc") == 0) {
        call_in_threads(scenario, port);
    } else {
        asynchronous client(scenario, port);
        answer_as_client(run_asynchronous, &client);
    }
    return 0;
}
