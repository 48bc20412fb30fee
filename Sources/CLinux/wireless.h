// A radio's power saving: SIOCGIWPOWER of linux/wireless.h, which does not go together with glibc's headers.
#pragma once
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

// 1 where the radio of the interface `name` saves power, 0 where it does not, -1 where nobody says.
static inline int lbd_wireless_power_save(const char *name) {
    // struct iwreq with struct iw_param in its union.
    struct {
        char name[16];
        int value;
        unsigned char fixed, disabled;
        unsigned short flags;
        char rest[8];
    } request;
    memset(&request, 0, sizeof request);
    if (strlen(name) >= sizeof request.name) return -1;
    strcpy(request.name, name);
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    int result = ioctl(descriptor, 0x8B2D, &request);
    close(descriptor);
    return result < 0 ? -1 : !request.disabled;
}
