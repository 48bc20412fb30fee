// The control messages that come with a datagram (cmsg(3)): macros read them, which Swift does not see.
#pragma once
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

// When the kernel took a datagram in (SO_TIMESTAMPNS of socket(7)), on the wall clock; 0 and no time where it is not told.
static inline int lbd_arrival(struct msghdr *message, struct timespec *arrival) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPNS) {
            memcpy(arrival, CMSG_DATA(control), sizeof *arrival);
            return 1;
        }
    }
    return 0;
}

// The TTL or hop limit that a datagram came with (IP_RECVTTL of ip(7), IPV6_RECVHOPLIMIT of ipv6(7)); 0 where it is not told.
static inline unsigned char lbd_hop_limit(struct msghdr *message) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if ((control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TTL) ||
            (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_HOPLIMIT)) {
            int limit;
            memcpy(&limit, CMSG_DATA(control), sizeof limit);
            return (unsigned char)limit;
        }
    }
    return 0;
}

// The index of the interface that a datagram came in by (IP_PKTINFO of ip(7), IPV6_RECVPKTINFO of ipv6(7)); 0 where it is not
// told.
static inline unsigned int lbd_interface_index(struct msghdr *message) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(control), sizeof info);
            return (unsigned int)info.ipi_ifindex;
        }
        if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
            // struct in6_pktinfo: the address, then the index.
            unsigned int index;
            memcpy(&index, CMSG_DATA(control) + sizeof(struct in6_addr), sizeof index);
            return index;
        }
    }
    return 0;
}
