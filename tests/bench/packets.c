/* SPDX-License-Identifier: MIT */
/* bench_packets - sends UDP packets as fast as one processor can, for packets.py.
 *
 *   bench_packets INTERFACE MAC TARGET FIRST COUNT NEXT MILLISECONDS
 *
 * The sources are COUNT addresses from FIRST on, beginning with the NEXT-th; in strides, because
 * what was made one after the other lies side by side in memory, and processors guess that. Frames
 * go past the queueing discipline, so all of the work beyond a veth is done before the next frame
 * is sent. Prints how many were sent, and how many nanoseconds each took: median and 99th
 * percentile of bursts, which are so short that other work on the machine meets few of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/attr.h"

enum {
	BURST = 64,
	BURSTS_MAX = 1 << 18,
	PAYLOAD = 18,
	PORT = 53,
	TTL = 64,
	STRIDE = 7919,
	ARGUMENTS = 8
};

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t payload[PAYLOAD];
} PACKED;

struct sender {
	int fd;
	uint32_t first, count, next;
	struct frame frames[BURST];
	struct iovec parts[BURST];
	struct mmsghdr messages[BURST];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint32_t number(const char *text)
{
	char *end = NULL;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n > UINT32_MAX) {
		errno = EINVAL;
		die(text);
	}
	return (uint32_t)n;
}

static uint32_t address(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1) {
		errno = EINVAL;
		die(text);
	}
	return ntohl(a.s_addr);
}

static uint64_t nanoseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static int open_socket(const char *interface)
{
	int one = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = 0,
				  .sll_ifindex = (int)if_nametoindex(interface) };

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0) {
		die(interface);
	}
	return fd;
}

static void make_frames(struct sender *s, const struct ether_addr *mac, uint32_t target)
{
	struct frame f = {
		.ether = { .ether_type = htons(ETHERTYPE_IP) },
		.ip = { .ihl = 5,
			.version = 4,
			.tot_len = htons(sizeof(f) - sizeof(f.ether)),
			.ttl = TTL,
			.protocol = IPPROTO_UDP,
			.daddr = htonl(target) },
		.udp = { .source = htons(PORT),
			 .dest = htons(PORT),
			 .len = htons(sizeof(f.udp) + sizeof(f.payload)) },
	};

	memcpy(f.ether.ether_dhost, mac, sizeof(*mac));
	for (size_t i = 0; i < BURST; i++) {
		s->frames[i] = f;
		s->parts[i] = (struct iovec){ .iov_base = &s->frames[i], .iov_len = sizeof(f) };
		s->messages[i] =
			(struct mmsghdr){ .msg_hdr = { .msg_iov = &s->parts[i], .msg_iovlen = 1 } };
	}
}

static void set_source(struct iphdr *ip, uint32_t source)
{
	uint16_t words[sizeof(*ip) / sizeof(uint16_t)];
	uint32_t sum = 0;

	ip->saddr = htonl(source);
	ip->check = 0;
	memcpy(words, ip, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		sum += words[i];
	}
	sum = (sum & UINT16_MAX) + (sum >> 16);
	ip->check = (uint16_t) ~(sum + (sum >> 16));
}

static uint64_t send_burst(struct sender *s)
{
	for (size_t i = 0; i < BURST; i++) {
		struct iphdr ip = s->frames[i].ip;

		set_source(&ip, s->first + s->next);
		s->frames[i].ip = ip;
		s->next = (uint32_t)(((uint64_t)s->next + STRIDE) % s->count);
	}
	int sent = sendmmsg(s->fd, s->messages, BURST, 0);

	if (sent < 0 && errno != ENOBUFS && errno != EINTR) {
		die("sendmmsg");
	}
	return sent > 0 ? (uint64_t)sent : 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void send_for(struct sender *s, uint64_t span)
{
	static uint64_t took[BURSTS_MAX];
	size_t bursts = 0;
	uint64_t sent = 0;
	uint64_t begin = nanoseconds();
	uint64_t before = begin;

	while (before - begin < span && bursts < BURSTS_MAX) {
		sent += send_burst(s);
		uint64_t now = nanoseconds();

		took[bursts++] = now - before;
		before = now;
	}
	qsort(took, bursts, sizeof(took[0]), compare);
	size_t median = bursts / 2;
	size_t tail = bursts * 99 / 100;

	(void)printf("%" PRIu64 " %.1f %.1f\n", sent, (double)took[median] / BURST,
		     (double)took[tail] / BURST);
}

int main(int argc, char **argv)
{
	static struct sender s;

	if (argc != ARGUMENTS) {
		(void)fprintf(stderr, "usage: bench_packets INTERFACE MAC TARGET FIRST COUNT NEXT "
				      "MILLISECONDS\n");
		return 2;
	}
	const struct ether_addr *mac = ether_aton(argv[2]);

	if (mac == NULL) {
		errno = EINVAL;
		die(argv[2]);
	}
	make_frames(&s, mac, address(argv[3]));
	s.first = address(argv[4]);
	s.count = number(argv[5]);
	if (s.count == 0) {
		errno = EINVAL;
		die(argv[5]);
	}
	s.next = number(argv[6]);
	s.fd = open_socket(argv[1]);
	send_for(&s, (uint64_t)number(argv[7]) * 1000000U);
	return 0;
}
