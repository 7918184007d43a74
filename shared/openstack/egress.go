package openstack

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// denied is what a connection ends with that the egress rules forbid.
func denied(host, address, reason string) error {
	what := host + " is"
	if host != address {
		what = host + " resolves to " + address + ","
	}
	return EgressDenied{Detail{Message: what + " " + reason + ", which is not open; the operator opens a host by its configuration"}}
}

// forbidden are the ranges that nothing leaves for unless they were opened:
// what is on this machine or its link, and the metadata services of the larger
// hosts, which give credentials to whoever can reach them.
var forbidden = []struct {
	prefix netip.Prefix
	reason string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address"},
	{netip.MustParsePrefix("127.0.0.0/8"), "a loopback address"},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved address"},
	{netip.MustParsePrefix("100.100.100.200/32"), "a metadata service"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a metadata service"},
	{netip.MustParsePrefix("192.0.0.192/32"), "a metadata service"},
	{netip.MustParsePrefix("::/128"), "an unspecified address"},
	{netip.MustParsePrefix("::1/128"), "a loopback address"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local address"},
	{netip.MustParsePrefix("fec0::/10"), "a site-local address"},
	{netip.MustParsePrefix("ff00::/8"), "a multicast address"},
	{netip.MustParsePrefix("fd00:ec2::/32"), "a metadata service"},
	{netip.MustParsePrefix("fd20:ce::/32"), "a metadata service"},
}

// carriers are IPv6 ranges whose addresses stand for an IPv4 address: at says
// at which byte it begins, inverted that its bits are flipped (Teredo).
var carriers = []struct {
	prefix   netip.Prefix
	at       int
	inverted bool
}{
	{netip.MustParsePrefix("::/96"), 12, false},           // IPv4-compatible
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12, false}, // SIIT
	{netip.MustParsePrefix("64:ff9b::/96"), 12, false},    // NAT64
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12, false},  // NAT64, a network's own prefix of 96 bits
	{netip.MustParsePrefix("2002::/16"), 2, false},        // 6to4
	{netip.MustParsePrefix("2001::/32"), 12, true},        // Teredo
}

var localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")

// forbiddenReason says why an address is closed by default, "" if it is not.
func forbiddenReason(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	for _, f := range forbidden {
		if f.prefix.Contains(a) {
			return f.reason
		}
	}
	if !a.Is6() {
		return ""
	}
	b := a.As16()
	for _, c := range carriers {
		if !c.prefix.Contains(a) {
			continue
		}
		if reason := forbiddenReason(netip.AddrFrom4(embedded4(b, c.at, c.inverted))); reason != "" {
			return reason
		}
	}
	// ISATAP: any prefix, then 0:5efe or 200:5efe, then the IPv4 address.
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		return forbiddenReason(netip.AddrFrom4(embedded4(b, 12, false)))
	}
	// NAT64 with a shorter prefix (RFC 6052, /48) leaves byte 8 zero between
	// the address's halves.
	if localNAT64.Contains(a) && b[8] == 0 && b[6]|b[7] != 0 {
		return forbiddenReason(netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]}))
	}
	return ""
}

func embedded4(b [16]byte, at int, inverted bool) (out [4]byte) {
	copy(out[:], b[at:at+4])
	if inverted {
		for i := range out {
			out[i] ^= 0xff
		}
	}
	return out
}

// openSet holds the hosts that the operator opened.
type openSet struct {
	names    map[string]bool // "host" or "host:port"
	prefixes []openPrefix
}

type openPrefix struct {
	prefix netip.Prefix
	port   uint16 // 0 means any
}

var loopbackPrefixes = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// add opens a host: a name, an address or a range, but for the range with or
// without a port. Opening any spelling of this machine's loopback opens all.
func (o *openSet) add(entry string) error {
	host, port := entry, uint16(0)
	if p, err := netip.ParsePrefix(entry); err == nil {
		o.prefixes = append(o.prefixes, openPrefix{prefix: p.Masked()})
		return nil
	}
	if _, err := netip.ParseAddr(entry); err != nil {
		if h, p, err := net.SplitHostPort(entry); err == nil {
			n, err := strconv.ParseUint(p, 10, 16)
			if err != nil || n == 0 {
				return fmt.Errorf("open host %q: the port is not between 1 and 65535", entry)
			}
			host, port = h, uint16(n)
		}
	}
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	host, err := canonicalHost(host)
	if err != nil {
		return fmt.Errorf("open host %q %w", entry, err)
	}
	o.addHost(host, port)
	return nil
}

func (o *openSet) addHost(host string, port uint16) {
	a, err := netip.ParseAddr(host)
	switch {
	case err == nil && a.IsLoopback() || host == "localhost":
		for _, p := range loopbackPrefixes {
			o.prefixes = append(o.prefixes, openPrefix{p, port})
		}
	case err == nil:
		o.prefixes = append(o.prefixes, openPrefix{netip.PrefixFrom(a, a.BitLen()), port})
	default:
		if o.names == nil {
			o.names = map[string]bool{}
		}
		if port != 0 {
			host = net.JoinHostPort(host, strconv.Itoa(int(port)))
		}
		o.names[host] = true
	}
}

func (o *openSet) hasName(host string, port uint16) bool {
	return o.names[host] || o.names[net.JoinHostPort(host, strconv.Itoa(int(port)))]
}

func (o *openSet) hasAddr(a netip.Addr, port uint16) bool {
	for _, p := range o.prefixes {
		if p.prefix.Contains(a) && (p.port == 0 || p.port == port) {
			return true
		}
	}
	return false
}

// guard decides which addresses may be connected to. It is asked by the dialer
// for each address, after the name was resolved and right before connecting, so
// a name that changes its answer between a check and the use gains nothing.
type guard struct {
	open    []*openSet
	runtime runtimeAPI
	proxies sync.Map // "host:port" of the operator's proxies
}

// runtimeAPI is the address of the Lambda runtime's own interface. It is
// closed even where loopback is open: who reaches it speaks for the function.
type runtimeAPI struct {
	host string
	port uint16
}

func parseRuntimeAPI(s string) runtimeAPI {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "80"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" {
		return runtimeAPI{}
	}
	return runtimeAPI{strings.ToLower(host), uint16(n)}
}

func (r runtimeAPI) is(host string, a netip.Addr, port uint16) bool {
	if r.port == 0 || r.port != port {
		return false
	}
	own, err := netip.ParseAddr(r.host)
	local := r.host == "localhost" || err == nil && own.IsLoopback()
	return r.host == host || err == nil && own == a || local && (a.IsLoopback() || a.IsUnspecified())
}

// dial connects as net.Dialer does, but only where the guard lets it.
func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", portText, err)
	}
	port := uint16(n)
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	_, opened := g.proxies.Load(addr)
	d := net.Dialer{
		Timeout:   15 * time.Second,
		KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return g.check(name, port, address, opened)
		},
	}
	return d.DialContext(ctx, network, addr)
}

// check is asked with the resolved address ("ip:port", perhaps with a zone).
func (g *guard) check(name string, port uint16, address string, opened bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return denied(name, address, "no address that can be checked")
	}
	a := ap.Addr().Unmap().WithZone("")
	if g.runtime.is(name, a, port) {
		return denied(name, a.String(), "the Lambda runtime's own interface")
	}
	reason := forbiddenReason(a)
	if reason == "" || opened {
		return nil
	}
	for _, o := range g.open {
		if o.hasName(name, port) || o.hasAddr(a, port) {
			return nil
		}
	}
	return denied(name, a.String(), reason)
}

// checkLiteral checks a URL's host where somebody else will resolve it: a proxy.
// Of a name nothing can be known here, but a number is an address in a spelling
// that only some resolvers read.
func (g *guard) checkLiteral(host, portText string) error {
	n, _ := strconv.ParseUint(portText, 10, 16)
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	a, _ := netip.ParseAddr(name) // invalid for a name
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		a = netip.IPv6Loopback()
	}
	if a.IsValid() {
		return g.check(name, uint16(n), netip.AddrPortFrom(a, uint16(n)).String(), false)
	}
	if numericLabel.MatchString(name[strings.LastIndexByte(name, '.')+1:]) {
		return denied(name, name, "an address in a spelling that can't be checked")
	}
	return nil
}
