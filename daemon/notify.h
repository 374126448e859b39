/* notify.h: what the service manager is told (sd_notify); nothing happens outside systemd. */
#pragma once

void notify_ready(void);
void notify_reloading(
    void); /* with MONOTONIC_USEC, as Type=notify-reload wants; ends with notify_ready */
void notify_stopping(void);
