/*
 * The limit: how fast gmem-seq (models/gmem-seq.ts says what it is) can be searched, when a program is written for it alone.
 *
 * A state is one 64-bit word. The visited states stand in the order of their discovery, which is the queue of the breadth-first
 * search as well, and in a hash table of whole states with linear probing, at most 70 % full. All successors of a state are
 * collected before the first is looked up, and their places in the table prefetched: misses of the cache overlap then, which is
 * worth 1.4 to 1.7. Nothing is kept that would tell a trace.
 *
 *   g++ -O3 -march=native -DVMS=2 -DFILES=2 -DPAGES=2 -DSLOTS=1 -DGFNS=2 limit.cpp -o limit && ./limit
 *
 * It prints "states N transitions N depth N", or "violated I<n>" with exit code 1.
 */
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

using u32 = uint32_t;
using u64 = uint64_t;

/* ---- Layout: owners, folios, host mappings, slots, private attributes, sptes. ---- */

constexpr int bitsFor(int values) {
  int bits = 0;
  while ((1 << bits) < values) bits++;
  return bits;
}

/* The possible contents of a slot: a file, an offset, a gfn, and as many pages as fit behind both. */
constexpr int countBindings() {
  int count = 0;
  for (int offset = 0; offset < PAGES; offset++)
    for (int gfn = 0; gfn < GFNS; gfn++) count += std::min(PAGES - offset, GFNS - gfn);
  return FILES * count;
}

constexpr int BINDINGS = countBindings();
constexpr int ALL_PAGES = FILES * PAGES;
constexpr int OWNER_BITS = bitsFor(VMS + 1);       /* 0: there is no such file; otherwise its VM + 1 */
constexpr int SLOT_BITS = bitsFor(BINDINGS + 1);   /* 0: empty; otherwise a binding */
constexpr int SPTE_BITS = bitsFor(2 + ALL_PAGES);  /* 0: none; 1: shared; otherwise a private page + FIRST_PAGE */

constexpr int OWNERS = 0;
constexpr int FOLIOS = OWNERS + OWNER_BITS * FILES;
constexpr int HOSTS = FOLIOS + ALL_PAGES;
constexpr int SLOTS_AT = HOSTS + ALL_PAGES;
constexpr int PRIVATES = SLOTS_AT + SLOT_BITS * VMS * SLOTS;
constexpr int SPTES = PRIVATES + VMS * GFNS;
constexpr int STATE_BITS = SPTES + SPTE_BITS * VMS * GFNS;
static_assert(STATE_BITS < 64, "a state has to fit into one word, with one value left for an empty place of the table");

constexpr u32 NONE = 0, SHARED = 1, FIRST_PAGE = 2;
constexpr u64 mask(int bits) { return (u64(1) << bits) - 1; }
constexpr u64 bit(int at) { return u64(1) << at; }

constexpr int ownerAt(int file) { return OWNERS + OWNER_BITS * file; }
constexpr int slotAt(int vm, int slot) { return SLOTS_AT + SLOT_BITS * (vm * SLOTS + slot); }
constexpr int privateAt(int vm, int gfn) { return PRIVATES + vm * GFNS + gfn; }
constexpr int spteAt(int vm, int gfn) { return SPTES + SPTE_BITS * (vm * GFNS + gfn); }

static inline u32 ownerOf(u64 state, int file) { return state >> ownerAt(file) & mask(OWNER_BITS); }
static inline u32 slotOf(u64 state, int vm, int slot) { return state >> slotAt(vm, slot) & mask(SLOT_BITS); }
static inline bool isPrivate(u64 state, int vm, int gfn) { return state >> privateAt(vm, gfn) & 1; }
static inline u32 spteOf(u64 state, int vm, int gfn) { return state >> spteAt(vm, gfn) & mask(SPTE_BITS); }
static inline u32 foliosOf(u64 state) { return state >> FOLIOS & mask(ALL_PAGES); }
static inline u32 hostsOf(u64 state) { return state >> HOSTS & mask(ALL_PAGES); }

struct Binding {
  int file, offset, gfn, length;
  u32 pages;  /* a bit for each page of all files */
  u32 gfns;   /* a bit for each gfn */
  u64 sptes;  /* the bits of the sptes of these gfns, counted from the first spte of a VM */
  int pageOf(int at) const { return file * PAGES + offset + at - gfn; }
};

/* The first is the empty slot: it covers nothing. */
static Binding bindings[BINDINGS + 1];

static void fillBindings() {
  bindings[0] = {-1, 0, 0, 0, 0, 0, 0};
  int at = 1;
  for (int file = 0; file < FILES; file++)
    for (int offset = 0; offset < PAGES; offset++)
      for (int gfn = 0; gfn < GFNS; gfn++)
        for (int length = 1; length <= std::min(PAGES - offset, GFNS - gfn); length++)
          bindings[at++] = {file,
                            offset,
                            gfn,
                            length,
                            u32(mask(length) << (file * PAGES + offset)),
                            u32(mask(length) << gfn),
                            mask(length * SPTE_BITS) << (gfn * SPTE_BITS)};
}

/* ---- The four invariants; the name of the first that is broken, or null. ---- */

static const char *broken(u64 state) {
  u32 bound = 0;
  for (int vm = 0; vm < VMS; vm++)
    for (int slot = 0; slot < SLOTS; slot++) {
      const Binding &binding = bindings[slotOf(state, vm, slot)];
      if (bound & binding.pages) return "I1";
      bound |= binding.pages;
    }
  const u32 hosts = hostsOf(state), folios = foliosOf(state);
  u32 seen = 0;
  for (int vm = 0; vm < VMS; vm++)
    for (int gfn = 0; gfn < GFNS; gfn++) {
      const u32 spte = spteOf(state, vm, gfn);
      if (spte < FIRST_PAGE) continue;
      const u32 page = spte - FIRST_PAGE;
      if (hosts >> page & 1) return "I2";
      if (seen >> page & 1) return "I3";
      seen |= 1u << page;
      if (ownerOf(state, page / PAGES) != u32(vm + 1)) return "I3";
      if (!(folios >> page & 1) || !isPrivate(state, vm, gfn)) return "I4";
      bool maps = false;
      for (int slot = 0; slot < SLOTS; slot++) {
        const Binding &binding = bindings[slotOf(state, vm, slot)];
        if ((binding.gfns >> gfn & 1) && binding.pageOf(gfn) == int(page)) maps = true;
      }
      if (!maps) return "I4";
    }
  return nullptr;
}

/* ---- The calls: every one that a state allows, with every choice of its parameters, once. ---- */

/* What slots and page tables say together. */
struct Summary {
  u32 boundBy[VMS];      /* pages that the slots of a VM bind */
  u32 covered[VMS];      /* gfns that they cover */
  u32 bound = 0;         /* pages that any slot binds */
  u32 guestMapped = 0;   /* pages that any guest maps privately */

  explicit Summary(u64 state) {
    for (int vm = 0; vm < VMS; vm++) {
      boundBy[vm] = covered[vm] = 0;
      for (int slot = 0; slot < SLOTS; slot++) {
        const Binding &binding = bindings[slotOf(state, vm, slot)];
        boundBy[vm] |= binding.pages;
        covered[vm] |= binding.gfns;
      }
      bound |= boundBy[vm];
      for (int gfn = 0; gfn < GFNS; gfn++) {
        const u32 spte = spteOf(state, vm, gfn);
        if (spte >= FIRST_PAGE) guestMapped |= 1u << (spte - FIRST_PAGE);
      }
    }
  }
};

static inline u64 closed(u64 state, int file) {
  u64 next = state & ~(mask(OWNER_BITS) << ownerAt(file));
  const u64 pages = mask(PAGES) << (file * PAGES);
  next &= ~(pages << FOLIOS);
  next &= ~(pages << HOSTS);
  for (int vm = 0; vm < VMS; vm++) {
    for (int slot = 0; slot < SLOTS; slot++)
      if (bindings[slotOf(state, vm, slot)].file == file) next &= ~(mask(SLOT_BITS) << slotAt(vm, slot));
    for (int gfn = 0; gfn < GFNS; gfn++) {
      const u32 spte = spteOf(state, vm, gfn);
      if (spte >= FIRST_PAGE && int(spte - FIRST_PAGE) / PAGES == file) next &= ~(mask(SPTE_BITS) << spteAt(vm, gfn));
    }
  }
  return next;
}

template <class Emit> static inline void ofFiles(u64 state, Emit &&emit) {
  for (int file = 0; file < FILES; file++) {
    if (ownerOf(state, file) != 0) emit(closed(state, file));
    else
      for (int vm = 0; vm < VMS; vm++) emit(state | u64(vm + 1) << ownerAt(file)); /* create */
  }
}

template <class Emit> static inline void ofSlots(u64 state, const Summary &summary, Emit &&emit) {
  for (int vm = 0; vm < VMS; vm++)
    for (int slot = 0; slot < SLOTS; slot++) {
      const u32 present = slotOf(state, vm, slot);
      if (present != 0) { /* unbind */
        const u64 emptied = state & ~(mask(SLOT_BITS) << slotAt(vm, slot));
        emit(emptied & ~(bindings[present].sptes << spteAt(vm, 0)));
        continue;
      }
      for (int i = 1; i <= BINDINGS; i++) { /* bind */
        const Binding &binding = bindings[i];
        if (ownerOf(state, binding.file) != u32(vm + 1)) continue;
        if (summary.covered[vm] & binding.gfns || summary.bound & binding.pages) continue;
        emit(state | u64(i) << slotAt(vm, slot));
      }
    }
}

template <class Emit> static inline void ofGfns(u64 state, const Summary &summary, Emit &&emit) {
  for (int vm = 0; vm < VMS; vm++)
    for (int gfn = 0; gfn < GFNS; gfn++) {
      const u64 zapped = state & ~(mask(SPTE_BITS) << spteAt(vm, gfn));
      emit(zapped ^ bit(privateAt(vm, gfn))); /* setattr */
      if (spteOf(state, vm, gfn) != NONE || !(summary.covered[vm] >> gfn & 1)) continue;
      if (!isPrivate(state, vm, gfn)) { /* gfault of a shared gfn */
        emit(state | u64(SHARED) << spteAt(vm, gfn));
        continue;
      }
      int page = -1; /* gfault of a private one */
      for (int slot = 0; slot < SLOTS; slot++) {
        const Binding &binding = bindings[slotOf(state, vm, slot)];
        if (binding.gfns >> gfn & 1) page = binding.pageOf(gfn);
      }
      const u64 unmapped = (state | bit(FOLIOS + page)) & ~bit(HOSTS + page);
      emit(unmapped | u64(page + FIRST_PAGE) << spteAt(vm, gfn));
    }
}

static inline u64 punched(u64 state, int page, bool guestMaps) {
  u64 next = state & ~bit(FOLIOS + page) & ~bit(HOSTS + page);
  if (guestMaps)
    for (int vm = 0; vm < VMS; vm++)
      for (int gfn = 0; gfn < GFNS; gfn++)
        if (spteOf(state, vm, gfn) == u32(page) + FIRST_PAGE) next &= ~(mask(SPTE_BITS) << spteAt(vm, gfn));
  return next;
}

template <class Emit> static inline void ofPages(u64 state, const Summary &summary, Emit &&emit) {
  const u32 folios = foliosOf(state), hosts = hostsOf(state);
  for (int page = 0; page < ALL_PAGES; page++) {
    const bool guestMaps = summary.guestMapped >> page & 1, hostMaps = hosts >> page & 1;
    if (ownerOf(state, page / PAGES) != 0) {
      if (folios >> page & 1) emit(punched(state, page, guestMaps));
      else emit(state | bit(FOLIOS + page));                                                /* allocate */
      if (!hostMaps && !guestMaps) emit(state | bit(FOLIOS + page) | bit(HOSTS + page));    /* hfault */
    }
    if (hostMaps) emit(state & ~bit(HOSTS + page));                                         /* hunmap */
  }
}

template <class Emit> static inline void successors(u64 state, Emit &&emit) {
  const Summary summary(state);
  ofFiles(state, emit);
  ofSlots(state, summary, emit);
  ofGfns(state, summary, emit);
  ofPages(state, summary, emit);
}

/* The most successors that a state can have. */
constexpr int MOST = VMS * FILES + VMS * SLOTS * (BINDINGS + 1) + 2 * VMS * GFNS + 3 * ALL_PAGES;

/* ---- The visited states. ---- */

/* Memory that is only taken when it is touched. */
static u64 *reserve(size_t words) {
  void *memory =
      mmap(nullptr, words * sizeof(u64), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    perror("limit: no memory");
    exit(3);
  }
  return static_cast<u64 *>(memory);
}

static inline u64 hashOf(u64 x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  return x ^ x >> 33;
}

constexpr size_t MOST_STATES = size_t(1) << 31;

struct Visited {
  u64 *states = reserve(MOST_STATES); /* in the order of their discovery */
  u64 count = 0;
  size_t places = size_t(1) << 16;
  u64 *table = reserve(places); /* a state + 1, or 0 where the place is empty */

  void prefetch(u64 hash) const { __builtin_prefetch(&table[hash & (places - 1)]); }

  /* True when the state is new. */
  bool add(u64 state, u64 hash) {
    size_t at = hash & (places - 1);
    while (const u64 known = table[at]) {
      if (known == state + 1) return false;
      at = (at + 1) & (places - 1);
    }
    table[at] = state + 1;
    states[count++] = state;
    if (count * 10 > places * 7) grow();
    return true;
  }

  void grow() {
    munmap(table, places * sizeof(u64));
    places *= 2;
    table = reserve(places);
    for (u64 i = 0; i < count; i++) {
      size_t at = hashOf(states[i]) & (places - 1);
      while (table[at] != 0) at = (at + 1) & (places - 1);
      table[at] = states[i] + 1;
    }
  }
};

/* ---- The search. ---- */

int main() {
  fillBindings();
  Visited visited;
  u64 transitions = 0, endOfLevel = 1;
  int depth = 0;
  struct {
    u64 state, hash;
  } found[MOST];

  visited.add(0, hashOf(0));
  for (u64 next = 0; next < visited.count; next++) {
    if (next == endOfLevel) {
      depth++;
      endOfLevel = visited.count;
    }
    int count = 0;
    successors(visited.states[next], [&](u64 state) {
      const u64 hash = hashOf(state);
      found[count++] = {state, hash};
      visited.prefetch(hash);
    });
    transitions += count;
    for (int i = 0; i < count; i++) {
      if (!visited.add(found[i].state, found[i].hash)) continue;
      if (const char *invariant = broken(found[i].state)) {
        printf("violated %s\n", invariant);
        return 1;
      }
    }
  }
  printf("states %lu transitions %lu depth %d\n", visited.count, transitions, depth);
  return 0;
}
