/* The limit that ptscan is held against: the same sweep in C, with sendmmsg and recvmmsg and nothing in the way.
 *
 *   sweep -n 127.90.0.0/16 -p PORT [options]
 *     -c S  the community (default public)
 *     -R N  rounds: how often a silent address is asked (default 1)
 *     -t N  milliseconds after which a probe has timed out (default 1000)
 *     -w N  probes in flight, of which answers are awaited before the next leave (default 2048; 0: no limit)
 *     -b N  packets for each system call (default 256)
 *     -o    print what answered: address, sysObjectID, sysDescr, sysName
 *
 * Asks every address of the network for the same three objects as ptscan does, believes an answer whose request-id was
 * sent to the address that it comes from, and takes its values apart. It knows no pacing, and a table of one octet for
 * each address. The last line on stdout is one of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ber.h"

enum { BATCH_MAX = 1024, REQUEST_MAX = 160, ANSWER_MAX = 2048, BUFFER = 256 << 20, FIRST_ID = 0x10000000 };

static struct mmsghdr going[BATCH_MAX], coming[BATCH_MAX];
static struct iovec going_at[BATCH_MAX], coming_at[BATCH_MAX];
static struct sockaddr_in going_to[BATCH_MAX], coming_from[BATCH_MAX];
static uint8_t requests[BATCH_MAX][REQUEST_MAX], answers[BATCH_MAX][ANSWER_MAX];
static uint32_t network, hosts;
static uint8_t *answered_already;
static uint32_t answered, probes, useless;
static bool is_told;
static uint16_t port;
static int sock, id_at;

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* Write the GET of sysObjectID.0, sysDescr.0 and sysName.0; all lengths are short ones, the request-id has four octets. */
static size_t put_request(uint8_t *out, const char *community) {
  static const uint8_t objects[] = {2, 1, 5};
  size_t secret = strlen(community), size = 0;
  uint8_t head[] = {SEQUENCE, (uint8_t)(5 + secret + 58), INTEGER, 1, 1, OCTETS, (uint8_t)secret};
  memcpy(out, head, sizeof head), size += sizeof head;
  memcpy(out + size, community, secret), size += secret;
  uint8_t pdu[] = {GET, 56, INTEGER, 4, 0, 0, 0, 0, INTEGER, 1, 0, INTEGER, 1, 0, SEQUENCE, 42};
  id_at = (int)size + 4;
  memcpy(out + size, pdu, sizeof pdu), size += sizeof pdu;
  for (int at = 0; at < 3; at++) {
    uint8_t varbind[] = {SEQUENCE, 12, NAME, 8, 0x2b, 6, 1, 2, 1, 1, objects[at], 0, 0x05, 0};
    memcpy(out + size, varbind, sizeof varbind), size += sizeof varbind;
  }
  return size;
}

static void print_name(octets name) {
  unsigned long arc = 0;
  for (size_t at = 0; at < name.length; at++) {
    arc = arc << 7 | (name.at[at] & 127);
    if (name.at[at] & 128) continue;
    if (at == 0) printf("%lu.%lu", arc / 40, arc % 40);
    else printf(".%lu", arc);
    arc = 0;
  }
}

static bool judge(octets datagram, const struct sockaddr_in *from) {
  octets message = take(&datagram, SEQUENCE), version = take(&message, INTEGER);
  octets secret = take(&message, OCTETS), pdu = take(&message, RESPONSE), id = take(&pdu, INTEGER);
  octets status = take(&pdu, INTEGER), index = take(&pdu, INTEGER), varbinds = take(&pdu, SEQUENCE), values[3];
  if (!version.at || !secret.at || id.length != 4 || !status.at || !index.at || !varbinds.at) return false;
  uint32_t host = (uint32_t)id.at[0] << 24 | (uint32_t)id.at[1] << 16 | (uint32_t)id.at[2] << 8 | id.at[3];
  host -= FIRST_ID;
  if (host >= hosts || ntohl(from->sin_addr.s_addr) != network + host || ntohs(from->sin_port) != port) return false;
  for (int at = 0; at < 3; at++) {
    octets varbind = take(&varbinds, SEQUENCE), name = take(&varbind, NAME);
    values[at] = take(&varbind, at ? OCTETS : NAME);
    if (!name.at || !values[at].at) return false;
  }
  if (answered_already[host]) return true;
  answered_already[host] = 1;
  answered++;
  if (is_told) {
    printf("%s\t", inet_ntoa(from->sin_addr));
    print_name(values[0]);
    printf("\t%.*s\t%.*s\n", (int)values[1].length, values[1].at, (int)values[2].length, values[2].at);
  }
  return true;
}

/* Take what has come, waiting for it `milliseconds` at most; say whether anything had. */
static bool receive(int batch, int milliseconds) {
  struct pollfd readable = {sock, POLLIN, 0};
  if (milliseconds > 0 && poll(&readable, 1, milliseconds) <= 0) return false;
  int count = recvmmsg(sock, coming, (unsigned)batch, MSG_DONTWAIT, NULL);
  for (int at = 0; at < count; at++) {
    coming[at].msg_hdr.msg_namelen = sizeof *coming_from;
    if (!judge((octets){answers[at], coming[at].msg_len}, &coming_from[at])) useless++;
  }
  return count > 0;
}

static void send_batch(int count) {
  for (int done = 0; done < count;) {
    int sent = sendmmsg(sock, going + done, (unsigned)(count - done), 0);
    if (sent > 0) done += sent;
    else if (errno != EINTR && errno != ENOBUFS) done++;
  }
  probes += (uint32_t)count;
}

static void sweep(int rounds, double timeout, uint32_t window, int batch) {
  uint32_t steps = (hosts + (uint32_t)batch - 1) / (uint32_t)batch;
  double *sent_at = calloc(steps, sizeof *sent_at), last = 0;
  for (int round = 0; round < rounds && answered < hosts; round++) {
    uint32_t answered_before = answered, sent = 0;
    for (uint32_t step = 0; step < steps; step++) {
      while (round && now() < sent_at[step] + timeout && answered < hosts) receive(batch, 5);
      int count = 0;
      uint32_t begin = step * (uint32_t)batch, end = begin + (uint32_t)batch < hosts ? begin + (uint32_t)batch : hosts;
      for (uint32_t host = begin; host < end; host++) {
        if (answered_already[host]) continue;
        uint32_t id = htonl(FIRST_ID + host);
        going_to[count].sin_addr.s_addr = htonl(network + host);
        memcpy(requests[count++] + id_at, &id, sizeof id);
      }
      if (count) send_batch(count), sent += (uint32_t)count, sent_at[step] = last = now();
      receive(batch, 0);
      /* What is lost would close the window for good, so nobody waits for an answer longer than 20 milliseconds. */
      while (window && sent - (answered - answered_before) >= window)
        if (!receive(batch, 20)) answered_before -= (uint32_t)batch;
    }
  }
  while (answered < hosts && now() < last + timeout) receive(batch, (int)((last + timeout - now()) * 1e3) + 1);
  free(sent_at);
}

int main(int count, char **arguments) {
  int prefix = 16, rounds = 1, batch = 256, size = BUFFER;
  double timeout = 1;
  uint32_t window = 2048;
  char base[32] = "127.90.0.0";
  const char *community = "public";
  for (int option; (option = getopt(count, arguments, "n:p:c:R:t:w:b:o")) != -1;) {
    long number = optarg ? strtol(optarg, NULL, 10) : 0;
    switch (option) {
      case 'n': if (sscanf(optarg, "%31[0-9.]/%d", base, &prefix) != 2 || prefix < 8 || prefix > 32) return 2; break;
      case 'p': port = (uint16_t)number; break;
      case 'c': community = optarg; break;
      case 'R': rounds = (int)number; break;
      case 't': timeout = (double)number / 1e3; break;
      case 'w': window = (uint32_t)number; break;
      case 'b': batch = number < BATCH_MAX ? (int)number : BATCH_MAX; break;
      case 'o': is_told = true; break;
      default: return 2;
    }
  }
  if (strlen(community) > 60 || batch < 1) return 2;
  hosts = 1u << (32 - prefix);
  network = ntohl(inet_addr(base)) & ~(hosts - 1);
  answered_already = calloc(hosts, 1);
  sock = socket(AF_INET, SOCK_DGRAM, 0);
  if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  for (int at = 0; at < batch; at++) {
    going_to[at] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    going_at[at] = (struct iovec){requests[at], put_request(requests[at], community)};
    coming_at[at] = (struct iovec){answers[at], ANSWER_MAX};
    going[at].msg_hdr = (struct msghdr){&going_to[at], sizeof *going_to, &going_at[at], 1, NULL, 0, 0};
    coming[at].msg_hdr = (struct msghdr){&coming_from[at], sizeof *coming_from, &coming_at[at], 1, NULL, 0, 0};
  }
  double began = now();
  sweep(rounds, timeout, window, batch);
  printf("{\"seconds\": %.6f, \"hosts\": %u, \"answered\": %u, \"probes\": %u, \"useless\": %u}\n", now() - began, hosts,
         answered, probes, useless);
  return 0;
}
