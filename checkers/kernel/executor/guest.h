/*
 * Guests: one access of one byte, made by a vCPU in 64-bit user mode.
 *
 * User mode is not a matter of taste. Where KVM has no hardware for it, real mode and CPL 0 are emulated instruction by
 * instruction, and the emulator reads and writes a slot's userspace_addr: the guest_memfd is never asked.
 */
#ifndef GUEST_H
#define GUEST_H

#include "answer.h"
#include "world.h"

/* Code and page tables of every guest stand in an ordinary slot of this id, 8 pages at this address. */
#define STUB_SLOT 500
#define STUB_GPA 0xE0000000u
#define STUB_PAGES 8
/* No slot is there: a store ends the run. */
#define EXIT_GPA 0xD0000000u

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* Gives a new VM its stub. False, with errno, if there is no room for it. */
bool guest_stub(int vm_fd);
/* Maps a new vCPU and sets its fixed state. False, with errno. */
bool guest_vcpu(struct vcpu *vcpu);
void guest_access(struct vcpu *vcpu, enum access access, uint64_t gpa, uint8_t value, struct answer *answer);

#endif
