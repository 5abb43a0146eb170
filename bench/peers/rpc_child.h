/* What the peers of the RPC benchmark have in common: the conversation that
 * src/rpc/child.rs describes, clocks, and calls in threads. */

#ifndef RPC_CHILD_H
#define RPC_CHILD_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* One in so many calls is timed, as in src/rpc/work.rs. */
enum { TIMED = 16 };

/* How many connections or calls in flight there are, if not one. */
enum { MANY = 64 };

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void check(int condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(1);
    }
}

/* What a client is to do. */
struct scenario {
    int connections, calls_in_flight;
    /* Of opaque data; -1 if there is no argument. */
    long length;
};

static struct scenario scenario_of(const char *word)
{
    struct scenario scenario = { 1, 1, -1 };
    if (strncmp(word, "connections", 11) == 0)
        scenario.connections = scenario.calls_in_flight = MANY;
    else if (strncmp(word, "pipelined", 9) == 0)
        scenario.calls_in_flight = MANY;
    if (strstr(word, "echo100") != NULL)
        scenario.length = 100;
    else if (strstr(word, "echo64k") != NULL)
        scenario.length = 64 << 10;
    return scenario;
}

/* How long those calls took that were timed. */
struct latencies {
    uint64_t *all;
    size_t count, room;
};

static void add_latency(struct latencies *latencies, uint64_t nanoseconds)
{
    if (latencies->count == latencies->room) {
        latencies->room = latencies->room ? 2 * latencies->room : 1024;
        latencies->all = (uint64_t *)realloc(latencies->all, latencies->room * sizeof(uint64_t));
        check(latencies->all != NULL, "realloc");
    }
    latencies->all[latencies->count++] = nanoseconds;
}

static int compare_latencies(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

/* Listens on a port of 127.0.0.1. Connections that are accepted do not wait
 * for more to send either. */
static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(fd >= 0, "socket");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
    check(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    check(listen(fd, 1024) == 0, "listen");
    check(getsockname(fd, (struct sockaddr *)&address, &length) == 0, "getsockname");
    *port = ntohs(address.sin_port);
    return fd;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    check(fd >= 0, "socket");
    check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
    return fd;
}

static void *answer_as_server(void *port)
{
    char line[64];
    printf("%u\n", (unsigned)*(uint16_t *)port);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "usage", 5) == 0)
            printf("%llu 0 0\n", (unsigned long long)clock_ns(CLOCK_PROCESS_CPUTIME_ID));
        else
            printf("0\n");
        fflush(stdout);
    }
    _exit(0);
}

/* Answers questions in a thread of its own from now on. */
static void start_answering(uint16_t port)
{
    static uint16_t kept;
    pthread_t thread;
    kept = port;
    check(pthread_create(&thread, NULL, answer_as_server, &kept) == 0, "pthread_create");
}

/* Makes so many calls. */
typedef void run_t(void *context, uint64_t calls, struct latencies *latencies);

static void answer_as_client(run_t *run, void *context)
{
    char line[64];
    printf("0\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        unsigned long long calls;
        if (sscanf(line, "run %llu", &calls) == 1) {
            struct latencies latencies = { NULL, 0, 0 };
            uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), wall = clock_ns(CLOCK_MONOTONIC);
            run(context, calls, &latencies);
            cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
            wall = clock_ns(CLOCK_MONOTONIC) - wall;
            qsort(latencies.all, latencies.count, sizeof(uint64_t), compare_latencies);
            printf("%llu %llu %llu %llu 0 0\n", (unsigned long long)cpu, (unsigned long long)wall,
                (unsigned long long)latencies.all[latencies.count * 50 / 100],
                (unsigned long long)latencies.all[latencies.count * 99 / 100]);
            free(latencies.all);
        } else {
            printf("0\n");
        }
        fflush(stdout);
    }
}

/* A blocking connection, which has a thread of its own while calls are made. */
struct blocking {
    void (*call)(void *client);
    void *client;
    uint64_t calls;
    struct latencies latencies;
};

static void *call_repeatedly(void *argument)
{
    struct blocking *blocking = (struct blocking *)argument;
    for (uint64_t at = 0; at < blocking->calls; ++at) {
        if (at % TIMED == 0) {
            uint64_t start = clock_ns(CLOCK_MONOTONIC);
            blocking->call(blocking->client);
            add_latency(&blocking->latencies, clock_ns(CLOCK_MONOTONIC) - start);
        } else {
            blocking->call(blocking->client);
        }
    }
    return NULL;
}

/* Blocking connections, as the context of run_blocking. */
struct all_blocking {
    struct blocking *all;
    int count;
};

static void run_blocking(void *context, uint64_t calls, struct latencies *latencies)
{
    struct all_blocking *connections = (struct all_blocking *)context;
    pthread_t threads[MANY];
    for (int at = 0; at < connections->count; ++at) {
        struct blocking *blocking = &connections->all[at];
        blocking->calls = (calls + connections->count - 1) / connections->count;
        blocking->latencies.count = 0;
        if (connections->count == 1)
            call_repeatedly(blocking);
        else
            check(pthread_create(&threads[at], NULL, call_repeatedly, blocking) == 0,
                "pthread_create");
    }
    for (int at = 0; at < connections->count; ++at) {
        struct blocking *blocking = &connections->all[at];
        if (connections->count > 1)
            pthread_join(threads[at], NULL);
        for (size_t index = 0; index < blocking->latencies.count; ++index)
            add_latency(latencies, blocking->latencies.all[index]);
    }
}

#endif
