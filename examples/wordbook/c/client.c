/*
 * Reads and writes a dictionary:
 *
 *   client PORT WORD            what it means
 *   client PORT WORD MEANING    gives it a meaning
 */

#include "dictionary.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_port = htons(atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int socket = RPC_ANYSOCK;
    CLIENT *client = clnttcp_create(
        &address, DICTIONARY, DICTIONARY_V1, &socket, 0, 0);
    if (client == NULL) {
        clnt_pcreateerror(argv[0]);
        return 1;
    }
    if (argc > 3) {
        entry new = { .headword = argv[2], .text = argv[3] };
        if (define_1(&new, client) == NULL) {
            clnt_perror(client, argv[0]);
            return 1;
        }
    } else {
        definition *known = look_up_1(&argv[2], client);
        if (known == NULL) {
            clnt_perror(client, argv[0]);
            return 1;
        }
        puts(known->found ? known->definition_u.text : "not found");
    }
    clnt_destroy(client);
    return 0;
}
