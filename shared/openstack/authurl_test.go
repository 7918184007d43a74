package openstack

import (
	"strings"
	"testing"
)

func TestParseAuthURL(t *testing.T) {
	for _, c := range []struct{ raw, base string }{ // base "" means refused
		{"https://keystone.example.org/v3", "https://keystone.example.org"},
		{"https://keystone.example.org", "https://keystone.example.org"},
		{"https://keystone.example.org/", "https://keystone.example.org"},
		{"https://keystone.example.org/v3/", "https://keystone.example.org"},
		{"https://keystone.example.org/V3", "https://keystone.example.org"},
		{"https://keystone.example.org/v3.14", "https://keystone.example.org"},
		{"https://keystone.example.org/v2.0", "https://keystone.example.org"},
		{"HTTPS://Keystone.EXAMPLE.org/v3", "https://keystone.example.org"},
		{"https://keystone.example.org:443/v3", "https://keystone.example.org"},
		{"https://keystone.example.org:0443/v3", "https://keystone.example.org"},
		{"https://keystone.example.org:/v3", "https://keystone.example.org"},
		{"http://keystone.example.org:80", "http://keystone.example.org"},
		{"http://keystone.example.org:443", "http://keystone.example.org:443"},
		{"https://keystone.example.org:5000/v3", "https://keystone.example.org:5000"},
		{"https://keystone.example.org./v3", "https://keystone.example.org"},
		{"https://keystone.example.org/identity/v3", "https://keystone.example.org/identity"},
		{"https://keystone.example.org/Identity", "https://keystone.example.org/Identity"},
		{"https://keystone.example.org//identity///v3//", "https://keystone.example.org/identity"},
		{"https://keystone.example.org/a/../identity/./v3", "https://keystone.example.org/identity"},
		{"https://keystone.example.org/../../identity", "https://keystone.example.org/identity"},
		{"https://keystone.example.org/a/%2e%2e/identity", "https://keystone.example.org/identity"},
		{"https://keystone.example.org/%69dentity/v%33", "https://keystone.example.org/identity"},
		{"https://keystone.example.org/caf%C3%A9", "https://keystone.example.org/caf%C3%A9"},
		{"https://keystone.example.org/caf%c3%a9", "https://keystone.example.org/caf%C3%A9"},
		{"https://keystone.example.org/café", "https://keystone.example.org/caf%C3%A9"},
		// names
		{"https://bücher.example/v3", "https://xn--bcher-kva.example"},
		{"https://BÜCHER.example/v3", "https://xn--bcher-kva.example"},
		{"https://xn--bcher-kva.example/v3", "https://xn--bcher-kva.example"},
		{"https://XN--BCHER-KVA.example/v3", "https://xn--bcher-kva.example"},
		{"https://keystone。example。org/v3", "https://keystone.example.org"},
		{"https://ｋeystone.example.org/v3", "https://keystone.example.org"},
		{"https://key_stone.internal:5000", "https://key_stone.internal:5000"},
		{"http://controller:5000/v3", "http://controller:5000"},
		{"https://key stone.example.org", ""},
		{"https://keystone.example.org../v3", ""},
		{"https://.example.org", ""},
		{"https://" + strings.Repeat("a", 64) + ".org", ""},
		// addresses
		{"http://192.0.2.7:5000/v3", "http://192.0.2.7:5000"},
		{"http://192.0.2.7.:5000/v3", "http://192.0.2.7:5000"},
		{"http://１９２.0.2.7:5000", "http://192.0.2.7:5000"},
		{"http://0x7f.1/", ""},
		{"http://0x7f000001/", ""},
		{"http://2130706433/", ""},
		{"http://127.1/", ""},
		{"http://127.0.0.01/", ""},
		{"http://0177.0.0.1/", ""},
		{"http://1.2.3.4.5/", ""},
		{"http://256.0.0.1/", ""},
		{"http://example.0x10/", ""},
		{"http://[::1]:5000/v3", "http://[::1]:5000"},
		{"http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]"},
		{"http://[2001:0db8::0001]:80/", "http://[2001:db8::1]"},
		{"http://[::ffff:192.0.2.7]/", "http://192.0.2.7"},
		{"http://[::ffff:c000:207]/", "http://192.0.2.7"},
		{"http://[fe80::1%25eth0]/", ""},
		{"http://[fe80::1%eth0]/", ""},
		{"http://[192.0.2.7]/", ""},
		{"http://[::1/", ""},
		{"http://::1/", ""},
		{"http://2001:db8::1/", ""},
		// what no auth URL needs
		{"https://alice@keystone.example.org/v3", ""},
		{"https://alice:pw@keystone.example.org/v3", ""},
		{"https://keystone.example.org@evil.example/v3", ""},
		{"https://@keystone.example.org/v3", ""},
		{"https://keystone.example.org%40evil.example/", ""},
		{"https://evil.example\\@keystone.example.org/", ""},
		{"https://keystone.example.org\\.evil.example/", ""},
		{"https://keystone.example.org#@evil.example/", ""},
		{"https://keystone.example.org/v3#", ""},
		{"https://keystone.example.org/v3#a", ""},
		{"https://keystone.example.org/v3?", ""},
		{"https://keystone.example.org/v3?a=b", ""},
		{"https://keystone.example.org/v3%3Fa", "https://keystone.example.org/v3%3Fa"},
		{"https://keystone.example.org/a%2Fb", ""},
		{"https://keystone.example.org/a%5Cb", ""},
		{"https://keystone.example.org/a%00", ""},
		{"https://keystone.example.org/a%252e", ""},
		{"https://keystone.example.org/%zz", ""},
		{"https://keystone.example.org:0/", ""},
		{"https://keystone.example.org:65536/", ""},
		{"https://keystone.example.org:-1/", ""},
		{"https://keystone.example.org:5000:5000/", ""},
		{"https://keystone.example.org:http/", ""},
		{" https://keystone.example.org/", ""},
		{"https://keystone.example.org/\n", ""},
		{"https://keystone\t.example.org/", ""},
		{"https://keystone%2eexample.org/", ""},
		{"https:keystone.example.org/v3", ""},
		{"https:///v3", ""},
		{"//keystone.example.org/v3", ""},
		{"keystone.example.org/v3", ""},
		{"keystone.example.org:5000/v3", ""},
		{"/v3", ""},
		{"", ""},
		{"ftp://keystone.example.org/", ""},
		{"file:///etc/passwd", ""},
		{"javascript:alert(1)", ""},
	} {
		u, err := parseAuthURL(c.raw)
		if u.base != c.base || (err != nil) != (c.base == "") {
			t.Errorf("%s: got %q, %v; want %q", c.raw, u.base, err, c.base)
		}
	}
}

func TestAuthURLErrorsDoNotRepeatIt(t *testing.T) {
	for _, raw := range []string{"https://alice:planted-password@h/v3", "http://planted-password@[::1/", "ht!tp://planted-password"} {
		if _, err := parseAuthURL(raw); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzParseAuthURL(f *testing.F) {
	for _, s := range []string{
		"https://keystone.example.org:443/identity/v3/", "http://[::ffff:1.2.3.4]:80", "http://0x7f.1/",
		"https://BÜCHER.example./a/%2e%2e/v3", "https://a@b/", "http://h/v3?x#y",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := parseAuthURL(raw)
		if err != nil {
			return
		}
		// The canonical spelling is its own, with or without a version behind it.
		for _, again := range []string{u.base, u.base + "/", u.v3(), u.v3() + "/"} {
			b, err := parseAuthURL(again)
			if err != nil || again != u.base && again != u.base+"/" && b.base != u.base {
				t.Fatalf("%q -> %q -> %q, %v", raw, u.base, b.base, err)
			}
		}
		for i := range len(u.base) {
			if c := u.base[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`?#\`, c) >= 0 {
				t.Fatalf("%q -> %q", raw, u.base)
			}
		}
	})
}
