/* The bits of the first 63 pages. */
static long long dirty_log(int vm, uint32_t slot)
{
	static uint64_t bits[1 << 15];
	const struct kvm_dirty_log log = {.slot = slot, .dirty_bitmap = bits};

	return ioctl(vm, KVM_GET_DIRTY_LOG, &log) < 0 ? -1 : (long long)(bits[0] & INT64_MAX);
}
