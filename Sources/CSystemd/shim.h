// libsystemd: sd-event, sd-daemon (sd_notify), sd-hwdb and sd-journal, as Swift sees them.
#pragma once
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-hwdb.h>
#include <systemd/sd-journal.h>
