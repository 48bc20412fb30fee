// libsystemd: sd-event, sd-daemon (sd_notify) and sd-journal, as Swift sees them.
#pragma once
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
