/** Python: how many READ and WRITE requests (15, 16) the dfuse of the mount `root` has had. Needs fcntl, os and struct. */
export const countRequests = `
def requests():
    fd = os.open(root, os.O_RDONLY)
    out = bytearray(8 + 512)
    fcntl.ioctl(fd, 2 << 30 | len(out) << 16 | 0xA3 << 8 | 0xE2, out)
    os.close(fd)
    counts = struct.unpack('64Q', bytes(out)[8:])
    return counts[15] + counts[16]`;
