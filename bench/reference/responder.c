/* Plays SNMP devices on every address of a network at once: the common target of the benches.
 *
 *   responder -n 127.0.0.0/8 -p PORT [options]
 *     -d N  so many of 10,000 addresses answer, chosen by a hash of the address (default: all)
 *     -l N  of 10,000 datagrams so many are lost at random, requests as well as answers (default 0)
 *     -s N  the seed of that randomness
 *     -r N  all requests come through one link that carries N a second, a queue in front of it, in order
 *     -q N  how many requests fit into that queue (default 200); who finds it full is dropped
 *     -L N  answers leave N milliseconds after their request has come through the link
 *     -c S  only requests with this community are answered
 *     -i N  rows of the interface tables (default 64)
 *     -u NAME -A PASSWORD -X PASSWORD  SNMPv3 is answered, too, to this user with SHA-256 and AES-128
 *
 * One wildcard socket serves the whole network: IP_PKTINFO tells which address was asked, and the answer leaves from
 * there. Nothing outside the network is answered. The first line on stdout says that it listens; SIGUSR1 prints the
 * counters as one line of JSON and begins them anew, SIGTERM and SIGINT print them and end it.
 *
 * The link: a packet takes 1/rate seconds of it. `free_at` is when it will have sent all that it has taken, so what
 * waits in the queue is (free_at - now) * rate; that is a real FIFO with tail drop, and delay rises with the queue.
 * "Now" is the kernel's time stamp of the packet: when this process has to wait for a processor, packets pile up in
 * the socket and would else look like a burst, and be dropped for what the machine did.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "usm.h"

enum { BATCH = 256, REQUEST_MAX = 2048, WAITING = 1 << 17, WAITING_MAX = 512, BUFFER = 256 << 20 };
enum { SECOND = 1000000000 };

typedef union {
  struct cmsghdr aligned;
  char space[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(uint32_t))];
} ancillary;

typedef struct { /* a request that is on its way through link and latency */
  int64_t due;
  struct sockaddr_in peer;
  uint32_t address;
  uint16_t length;
  uint8_t request[WAITING_MAX];
} waiting;

static struct {
  uint64_t received, sent, silent, lost_requests, lost_answers, dropped_by_link, refused, overflow, unsent;
  int64_t first, last; /* when the first request came, and the last */
} counts;

static struct {
  uint32_t network, mask, density, loss, rate, queue;
  int64_t latency;
  const char *community, *user, *auth_password, *priv_password;
} setup = {.network = 0x7f000000, .mask = 0xff000000, .density = 10000, .queue = 200};

static struct mmsghdr coming[BATCH], going[BATCH];
static struct iovec coming_at[BATCH], going_at[BATCH];
static struct sockaddr_in coming_from[BATCH], going_to[BATCH];
static ancillary coming_with[BATCH], going_with[BATCH];
static uint8_t requests[BATCH][REQUEST_MAX], answers[BATCH][ANSWER_MAX];
static waiting *line;
static size_t line_begin, line_end; /* never wrapped: taken modulo WAITING */
static int64_t free_at, started;
static uint64_t chance;
static uint32_t overflow_before;
static int ready, sock;
static volatile sig_atomic_t told, ended;

static void on_signal(int number) {
  if (number == SIGUSR1) told = 1;
  else ended = 1;
}

static int64_t now(void) { /* on the clock of the kernel's time stamps */
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  return (int64_t)at.tv_sec * SECOND + at.tv_nsec;
}

static bool is_lost(void) { /* xorshift64*, the upper bits */
  chance ^= chance >> 12, chance ^= chance << 25, chance ^= chance >> 27;
  return setup.loss && (chance * 0x2545f4914f6cdd1dULL >> 40) % 10000 < setup.loss;
}

static bool is_silent(uint32_t address) { /* the same in bench/target.py, which has to know who answers */
  uint32_t hash = address * 0x9e3779b1u;
  hash = (hash ^ hash >> 15) * 0x85ebca77u;
  return (uint64_t)(hash ^ hash >> 13) * 10000 >> 32 >= setup.density;
}

static void tell(void) {
  printf("{\"received\": %lu, \"sent\": %lu, \"silent\": %lu, \"lost_requests\": %lu, \"lost_answers\": %lu, "
         "\"dropped_by_link\": %lu, \"refused\": %lu, \"overflow\": %lu, \"unsent\": %lu, \"seconds\": %.6f}\n",
         counts.received, counts.sent, counts.silent, counts.lost_requests, counts.lost_answers,
         counts.dropped_by_link, counts.refused, counts.overflow, counts.unsent,
         (double)(counts.last - counts.first) / SECOND);
  fflush(stdout);
}

static void send_ready(void) {
  for (int done = 0; done < ready;) {
    int sent = sendmmsg(sock, going + done, (unsigned)(ready - done), 0);
    if (sent > 0) done += sent, counts.sent += (uint64_t)sent;
    else if (errno != EINTR) done++, counts.unsent++;
  }
  ready = 0;
}

static void answer(const uint8_t *request, size_t length, uint32_t address, const struct sockaddr_in *peer) {
  size_t size = agent_answer(request, length, address, setup.community, answers[ready]);
  if (!size && setup.user)
    size = usm_answer(request, length, address, (uint32_t)((now() - started) / SECOND), answers[ready]);
  if (!size) return (void)counts.refused++;
  if (is_lost()) return (void)counts.lost_answers++;
  going_to[ready] = *peer;
  going_at[ready].iov_len = size;
  struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(address)};
  memcpy(CMSG_DATA(&going_with[ready].aligned), &from, sizeof from);
  if (++ready == BATCH) send_ready();
}

static void answer_due(void) {
  int64_t at = now();
  for (; line_begin < line_end && line[line_begin % WAITING].due <= at; line_begin++) {
    waiting *first = &line[line_begin % WAITING];
    answer(first->request, first->length, first->address, &first->peer);
  }
}

/* Let a request through the link or drop it; it comes out at `free_at`. */
static bool passes_link(int64_t at) {
  if (!setup.rate) return true;
  int64_t each = SECOND / setup.rate;
  if (free_at < at) free_at = at;
  if (free_at - at > each * setup.queue) return false;
  free_at += each;
  return true;
}

static void judge(int which) {
  struct msghdr *head = &coming[which].msg_hdr;
  uint32_t address = 0, overflow = 0;
  int64_t at = 0;
  for (struct cmsghdr *each = CMSG_FIRSTHDR(head); each; each = CMSG_NXTHDR(head, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo asked;
      memcpy(&asked, CMSG_DATA(each), sizeof asked);
      address = ntohl(asked.ipi_addr.s_addr);
    } else if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(each), sizeof stamp);
      at = (int64_t)stamp.tv_sec * SECOND + stamp.tv_nsec;
    } else if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_RXQ_OVFL) {
      memcpy(&overflow, CMSG_DATA(each), sizeof overflow);
      counts.overflow += overflow - overflow_before; /* the kernel counts since the socket was made */
      overflow_before = overflow;
    }
  }
  counts.received++;
  if ((address & setup.mask) != setup.network) return (void)counts.refused++;
  if (!passes_link(at)) return (void)counts.dropped_by_link++;
  if (is_lost()) return (void)counts.lost_requests++;
  if (is_silent(address)) return (void)counts.silent++;
  size_t length = coming[which].msg_len;
  if (!line) return answer(requests[which], length, address, &coming_from[which]);
  if (length > WAITING_MAX || line_end - line_begin == WAITING) return (void)counts.refused++;
  waiting *last = &line[line_end++ % WAITING];
  *last = (waiting){(setup.rate ? free_at : at) + setup.latency, coming_from[which], address, (uint16_t)length, {0}};
  memcpy(last->request, requests[which], length);
}

static void serve(const sigset_t *while_waiting) {
  struct pollfd readable = {sock, POLLIN, 0};
  while (!ended) {
    for (int at = 0; at < BATCH; at++) {
      coming[at].msg_hdr.msg_namelen = sizeof *coming_from;
      coming[at].msg_hdr.msg_controllen = sizeof *coming_with;
    }
    int count = recvmmsg(sock, coming, BATCH, MSG_DONTWAIT, NULL);
    if (count > 0) {
      counts.last = now();
      if (!counts.first) counts.first = counts.last;
    }
    for (int at = 0; at < count; at++) judge(at);
    if (line) answer_due();
    send_ready();
    if (told) tell(), memset(&counts, 0, sizeof counts), told = 0;
    if (count > 0) continue;
    struct timespec until = {3600, 0};
    if (line_begin < line_end) {
      int64_t left = line[line_begin % WAITING].due - now();
      until = left > 0 ? (struct timespec){left / SECOND, left % SECOND} : (struct timespec){0, 0};
    }
    ppoll(&readable, 1, &until, while_waiting); /* signals come only here: none is missed before a long wait */
  }
}

static void open_socket(uint16_t port) {
  int on = 1, size = BUFFER;
  sock = socket(AF_INET, SOCK_DGRAM, 0);
  if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(sock, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  if (setup.rate || setup.latency) setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (bind(sock, (struct sockaddr *)&here, sizeof here)) perror("responder: bind"), exit(1);
  for (int at = 0; at < BATCH; at++) {
    coming_at[at] = (struct iovec){requests[at], REQUEST_MAX};
    coming[at].msg_hdr = (struct msghdr){&coming_from[at], sizeof *coming_from, &coming_at[at], 1, &coming_with[at],
                                         sizeof *coming_with, 0};
    going_at[at] = (struct iovec){answers[at], 0};
    going_with[at].aligned = (struct cmsghdr){CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO};
    going[at].msg_hdr = (struct msghdr){&going_to[at], sizeof *going_to, &going_at[at], 1, &going_with[at],
                                        CMSG_SPACE(sizeof(struct in_pktinfo)), 0};
  }
}

int main(int count, char **arguments) {
  int port = 1161, interfaces = 64, prefix = 8;
  char network[32] = "127.0.0.0";
  for (int option; (option = getopt(count, arguments, "n:p:d:l:s:r:q:L:c:i:u:A:X:")) != -1;) {
    long number = optarg ? strtol(optarg, NULL, 10) : 0;
    switch (option) {
      case 'n': if (sscanf(optarg, "%31[0-9.]/%d", network, &prefix) != 2 || prefix < 1 || prefix > 32) return 2; break;
      case 'p': port = (int)number; break;
      case 'd': setup.density = (uint32_t)number; break;
      case 'l': setup.loss = (uint32_t)number; break;
      case 's': chance = (uint64_t)number; break;
      case 'r': setup.rate = (uint32_t)number; break;
      case 'q': setup.queue = (uint32_t)number; break;
      case 'L': setup.latency = (int64_t)number * 1000000; break;
      case 'c': setup.community = optarg; break;
      case 'u': setup.user = optarg; break;
      case 'A': setup.auth_password = optarg; break;
      case 'X': setup.priv_password = optarg; break;
      case 'i': interfaces = number < 1000 ? (int)number : 1000; break;
      default: return 2;
    }
  }
  setup.mask = 0xffffffffu << (32 - prefix);
  setup.network = ntohl(inet_addr(network)) & setup.mask;
  chance = (chance + 1) * 0x9e3779b97f4a7c15ULL;
  agent_fill(interfaces);
  if (setup.user) {
    if (!setup.auth_password || !*setup.auth_password || !setup.priv_password || !*setup.priv_password) return 2;
    usm_prepare(setup.user, setup.auth_password, setup.priv_password);
  }
  started = now();
  if (setup.rate || setup.latency) line = calloc(WAITING, sizeof *line);
  open_socket((uint16_t)port);
  sigset_t ours, before;
  sigemptyset(&ours);
  for (size_t at = 0; at < 3; at++) {
    int number = (int[]){SIGUSR1, SIGTERM, SIGINT}[at];
    sigaddset(&ours, number);
    sigaction(number, &(struct sigaction){.sa_handler = on_signal}, NULL);
  }
  sigprocmask(SIG_BLOCK, &ours, &before);
  printf("listening on %s/%d port %d, %zu objects\n", network, prefix, port, agent_objects());
  fflush(stdout);
  serve(&before);
  tell();
  return 0;
}
