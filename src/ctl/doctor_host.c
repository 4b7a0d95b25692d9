/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "ctl/doctor.h"
#include "sys/clock.h"

enum { DISK_PERCENT = 5, DISK_MIB = 64 };

void doctor_clock(struct doctor *d)
{
	if (clock_is_kept()) {
		doctor_fine(d, "clock", "it is kept by NTP");
	} else {
		doctor_fine(
			d, "clock",
			"nobody keeps it (timedatectl set-ntp true): stamps of other hosts' logs may not fit");
	}
}

void doctor_disk(struct doctor *d)
{
	CLEANUP(buf_done) struct buf command = { 0 };
	const char *dir = d->ctl->state_dir;
	unsigned long long mib, all;
	struct statvfs disk;

	if (statvfs(dir, &disk) < 0) {
		doctor_unseen(d, "disk", "sudo ipsctl doctor", "%s: %s", dir, strerror(errno));
		return;
	}
	mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
	all = (unsigned long long)disk.f_blocks * disk.f_frsize >> 20;
	buf_printf(&command, "df -h %s", dir);
	if (mib < DISK_MIB || mib * 100 < all * DISK_PERCENT) {
		doctor_find(
			d, "disk",
			(struct remedy){
				"when it is full, events and bans wait in memory and are lost with ipsd; make room",
				buf_text(&command) },
			"%llu MiB are free for %s, of %llu", mib, dir, all);
	} else if (disk.f_files && disk.f_favail == 0) {
		doctor_find(d, "disk",
			    (struct remedy){ "no file can be made; remove some",
					     buf_text(&command) },
			    "no inode is free for %s", dir);
	} else {
		doctor_fine(d, "disk", "%llu MiB are free for %s", mib, dir);
	}
}
