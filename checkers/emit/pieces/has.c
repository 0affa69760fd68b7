/* KVM_CHECK_EXTENSION of a VM of this type; 0 where there is no such type. */
static int has(unsigned long type, int cap)
{
	const int vm = ioctl(kvm, KVM_CREATE_VM, type);
	const int answer = vm < 0 ? 0 : ioctl(vm, KVM_CHECK_EXTENSION, cap);

	if (vm >= 0)
		close(vm);
	return answer;
}
