static int kvm = -1;

static void open_kvm(void)
{
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		skip_all(errno == EACCES ? "no permission for /dev/kvm" : "no /dev/kvm");
}
