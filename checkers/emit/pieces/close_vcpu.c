static int close_vcpu(struct vcpu *vcpu)
{
	const int closed = close(vcpu->fd);

	/* The mapping holds the vCPU as well. */
	if (closed == 0)
		munmap(vcpu->run, vcpu->run_size);
	vcpu->fd = -1;
	return closed;
}
