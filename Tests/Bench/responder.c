// The least that a process does to answer ARP: waits in epoll, takes a frame, sends the answer. The floor for a daemon.
// responder INTERFACE ADDRESS
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { frame_length = 42, mac_length = 6 };

static int fail(const char *what) {
    perror(what);
    return 1;
}

int main(int count, char **words) {
    uint8_t target[4];
    if (count != 3 || inet_pton(AF_INET, words[2], target) != 1) {
        fputs("usage: responder INTERFACE ADDRESS\n", stderr);
        return 2;
    }
    uint32_t number;
    memcpy(&number, target, sizeof number);
    int opened = socket(AF_PACKET, SOCK_RAW, 0);
    // Requests for the address alone: the target's protocol address at byte 38, the operation at byte 20.
    struct sock_filter instructions[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, 38}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ntohl(number)},
        {BPF_LD | BPF_H | BPF_ABS, 0, 0, 20}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 1},
        {BPF_RET | BPF_K, 0, 0, frame_length}, {BPF_RET | BPF_K, 0, 0, 0},
    };
    struct sock_fprog filter = {sizeof instructions / sizeof *instructions, instructions};
    if (setsockopt(opened, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) return fail("filter");
    struct ifreq interface = {0};
    strncpy(interface.ifr_name, words[1], IFNAMSIZ - 1);
    if (ioctl(opened, SIOCGIFHWADDR, &interface) != 0) return fail(words[1]);
    uint8_t own[mac_length];
    memcpy(own, interface.ifr_hwaddr.sa_data, mac_length);
    struct sockaddr_ll place = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)if_nametoindex(words[1])};
    if (bind(opened, (struct sockaddr *)&place, sizeof place) != 0) return fail("bind");
    int events = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(events, EPOLL_CTL_ADD, opened, &event) != 0) return fail("epoll");
    while (epoll_wait(events, &event, 1, -1) == 1) {
        uint8_t request[frame_length], reply[frame_length];
        if (recv(opened, request, frame_length, 0) != frame_length) continue;
        memcpy(reply, request + 6, mac_length);
        memcpy(reply + 6, own, mac_length);
        memcpy(reply + 12, request + 12, 8);
        reply[20] = 0, reply[21] = 2;
        memcpy(reply + 22, own, mac_length);
        memcpy(reply + 28, target, sizeof target);
        memcpy(reply + 32, request + 22, 10);
        if (send(opened, reply, frame_length, 0) != frame_length) return fail("send");
    }
    return 0;
}
