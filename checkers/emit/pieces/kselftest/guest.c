/* Slot 0 and what is below 4 GiB are the library's: the trace's slots and addresses begin behind them. */
#define SLOT(id)	((id) + 1)
#define GPA(offset)	(SZ_4G + (offset))

static struct {
	u64 gpa;
	bool is_write;
	u8 value;
} wanted;

static void guest_code(void)
{
	for (;;) {
		u8 *at = (u8 *)(uintptr_t)READ_ONCE(wanted.gpa);

		if (READ_ONCE(wanted.is_write))
			WRITE_ONCE(*at, wanted.value);
		else
			WRITE_ONCE(wanted.value, READ_ONCE(*at));
		GUEST_SYNC(READ_ONCE(wanted.value));
	}
}

static struct kvm_vm *vm_create_with_guest(unsigned long type, u32 nr_vcpus)
{
	const struct vm_shape shape = {
		.mode = VM_MODE_DEFAULT,
		.type = type,
	};
	struct kvm_vm *vm = __vm_create(shape, nr_vcpus, 1);

	virt_map(vm, GPA(0), GPA(0), GUEST_PAGES);
	return vm;
}
