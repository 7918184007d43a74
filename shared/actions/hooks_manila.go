package actions

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var manilaHooks = map[string]hook{
	"manila.allow":              manilaAllow,
	"manila.changes":            manilaChanges,
	"manila.export_location":    manilaExportLocation,
	"manila.share_types_create": manilaShareTypesCreate,
	"manila.shares_find":        manilaSharesFind,
	"manila.shares_findall":     manilaSharesFindAll,
	"manila.shares_list":        manilaSharesList,
}

// manilaChanges makes a dictionary of the arguments after the first, the
// resource itself, that are given. An empty text is sent as null.
func manilaChanges(ctx context.Context, inv *invocation) (any, error) {
	changes := value.NewMap(0)
	for _, p := range inv.action.Params[1:] {
		switch v := inv.args[p.Name]; v {
		case nil:
		case "":
			changes.Set(p.Name, nil)
		default:
			changes.Set(p.Name, v)
		}
	}
	if changes.Len() == 0 {
		return nil, InvalidInput{Action: inv.action.Name, Message: "nothing is to be changed; give at least one field"}
	}
	inv.args["@changes"] = changes
	return inv.perform(ctx)
}

// manilaExportLocation tells the id of an export location from its path.
func manilaExportLocation(ctx context.Context, inv *invocation) (any, error) {
	if v := inv.args["export_location"]; value.Truth(v) {
		inv.args["@"+exportLocationKey(v)] = pythonStr(v)
	}
	return inv.perform(ctx)
}

func exportLocationKey(v any) string {
	if s, ok := v.(string); ok && isUUID(s) {
		return "export_location_id"
	}
	return "export_location_path"
}

// manilaSharesList makes the filters of a list of shares: without is_public
// among them those of other projects are asked for, and an export location is
// one by id or by path.
func manilaSharesList(ctx context.Context, inv *invocation) (any, error) {
	given, _ := inv.args["search_opts"].(*value.Map)
	opts := value.NewMap(given.Len() + 1)
	for k, v := range given.All() {
		if k != "export_location" {
			opts.Set(k, v)
		}
	}
	if !opts.Has("is_public") {
		opts.Set("is_public", true)
	}
	if v, _ := given.Get("export_location"); value.Truth(v) {
		opts.Set(exportLocationKey(v), v)
	}
	inv.args["@search_opts"] = opts
	return inv.perform(ctx)
}

// manilaSharesFindAll looks among the shares, then among those that are deleted
// but can be restored. A service that does not know these lists the former twice.
func manilaSharesFindAll(ctx context.Context, inv *invocation) (any, error) {
	shares, err := inv.listOnly(ctx)
	if err != nil {
		return nil, err
	}
	inv.args["@soft_deleted"] = true
	deleted, err := inv.listOnly(ctx)
	if err != nil {
		return nil, err
	}
	wanted, _ := inv.args[inv.action.spec.varkw].(*value.Map)
	seen := map[string]bool{}
	return slices.DeleteFunc(append(shares, deleted...), func(share any) bool {
		m, _ := share.(*value.Map)
		v, _ := m.Get("id")
		id := pythonStr(v)
		twice := seen[id]
		seen[id] = true
		return twice || !hasFields(m, wanted)
	}), nil
}

func manilaSharesFind(ctx context.Context, inv *invocation) (any, error) {
	found, err := manilaSharesFindAll(ctx, inv)
	if err != nil {
		return nil, err
	}
	return inv.onlyOne(found)
}

// manilaShareTypesCreate checks the two extra specs that have arguments of their
// own: the first must be given, and neither twice.
func manilaShareTypesCreate(ctx context.Context, inv *invocation) (any, error) {
	specs, _ := inv.args["extra_specs"].(*value.Map)
	for _, name := range []string{"driver_handles_share_servers", "snapshot_support"} {
		if specs.Has(name) && (inv.args["spec_"+name] != nil || name == "driver_handles_share_servers") {
			return nil, badArgument{"extra_specs", "must not have " + name + "; give it as spec_" + name}
		}
	}
	if inv.args["spec_driver_handles_share_servers"] == nil {
		return nil, badArgument{"spec_driver_handles_share_servers", "must be given: true or false"}
	}
	return inv.perform(ctx)
}

// manilaAllow checks who is to be allowed, as the client does before it asks.
func manilaAllow(ctx context.Context, inv *invocation) (any, error) {
	check, ok := accessChecks[pythonStr(inv.args["access_type"])]
	if !ok {
		return nil, badArgument{"access_type", "must be ip, user, cert or cephx, not " + pythonRepr(inv.args["access_type"])}
	}
	access, ok := inv.args["access"].(string)
	if !ok {
		return nil, badArgument{"access", "must be a string, not " + value.Kind(inv.args["access"])}
	}
	if err := check(access); err != nil {
		return nil, badArgument{"access", err.Error()}
	}
	return inv.perform(ctx)
}

var accessChecks = map[string]func(string) error{
	"ip": checkNetwork, "user": checkUserName, "cert": checkCommonName, "cephx": checkCephID,
}

// checkNetwork accepts an IPv4 or IPv6 address or network without host bits. As
// in Python's ipaddress.ip_network a mask is a length or, of IPv4, an address.
func checkNetwork(s string) error {
	host, mask, masked := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || strings.Contains(addr.Zone(), "%") {
		return fmt.Errorf("must be an IP address or network, not %q", s)
	}
	length := addr.BitLen()
	if masked {
		if length, err = maskLength(mask, addr); err != nil {
			return fmt.Errorf("must be an IP address or network, not %q: %w", s, err)
		}
	}
	prefix, err := addr.WithZone("").Prefix(length)
	if err != nil {
		return fmt.Errorf("must be an IP address or network, not %q", s)
	}
	if network := prefix.Addr(); network != addr.WithZone("") {
		return fmt.Errorf("must be a network without host bits: %s and not %s", prefix, s)
	}
	return nil
}

// maskLength is the length of a network's prefix from what stands behind the
// slash.
func maskLength(mask string, addr netip.Addr) (int, error) {
	if mask != "" && strings.Trim(mask, "0123456789") == "" {
		n, err := strconv.Atoi(mask)
		if err != nil || n > addr.BitLen() {
			return 0, fmt.Errorf("the mask %s is too long", mask)
		}
		return n, nil
	}
	if m, err := netip.ParseAddr(mask); err == nil && m.Is4() && addr.Is4() {
		b := m.As4()
		n := binary.BigEndian.Uint32(b[:])
		for _, n := range []uint32{n, ^n} { // a netmask or, turned round, a hostmask
			if length := bits.LeadingZeros32(^n); n<<length == 0 {
				return length, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no mask", mask)
}

// userName is the form of the name of a user or group, as Active Directory has it.
var userName = regexp.MustCompile(`^.[^"/\\\[\]:;|=,+*?<>]{3,254}\n?$`)

func checkUserName(s string) error {
	rest := strings.TrimFunc(s, func(r rune) bool { return isPythonSpace(r) || r == '|' || r == '.' })
	if rest == "" || !userName.MatchString(s) {
		return fmt.Errorf(`must be the name of a user or group: 4 to 255 characters without "/\[]:;|=,+*?<>, not only blanks and periods`)
	}
	return nil
}

func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func checkCommonName(s string) error {
	if n := utf8.RuneCountInString(strings.TrimFunc(s, isPythonSpace)); n == 0 || n > 64 {
		return fmt.Errorf("must be a common name of 1 to 64 characters, not %d", n)
	}
	return nil
}

func checkCephID(s string) error {
	s = strings.TrimFunc(s, isPythonSpace)
	printable := func(r rune) bool { return r >= ' ' && r <= '~' || r >= '\t' && r <= '\r' }
	switch {
	case s == "":
		return fmt.Errorf("must be a Ceph id, not empty")
	case strings.ContainsFunc(s, func(r rune) bool { return !printable(r) }):
		return fmt.Errorf("must be a Ceph id of printable ASCII characters")
	case strings.Contains(s, "."):
		return fmt.Errorf("must be a Ceph id without periods")
	}
	return nil
}
