package seed

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("%s differs; with -update it is written anew. Now:\n%s", path, got)
	}
}

const (
	someInstance = "5114bb3e-a4e6-44b2-b783-b3eea7d84720"
	someKey      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1ku1ZQkPWdb5JmKL2aF0m1IcXKqYbLqQOm3rJ0pXcV root@MyDomain.com"
)

// full has every field.
func full() CloudInit {
	return CloudInit{
		Instance: someInstance,
		HostName: "MyHost.MyDomain.com",
		TimeZone: "Europe/Berlin",
		Password: "p@55: \"w0rd\" # {{ü}}",
		Users:    []User{{"bob", "0123"}},
		AuthorizedKeys: []AuthorizedKey{
			{"root", someKey}, {"bob", someKey}, {"eve", "  " + someKey + "\n"},
		},
		RegenerateSSHKeys: true,
		NICs: []NIC{
			{"eth0", ProtocolStatic, "192.168.122.31", "24", "192.168.122.1", true},
			{"eth0", ProtocolStatic, "fd00::31", "64", "fe80::1", true},
			{"eth1", ProtocolDHCP, "ignored", "", "", true},
			{"eth2", ProtocolNone, "", "", "", false},
			{"eth3", "", "", "", "", true},
		},
		DNSServers: []string{"192.168.122.1", "fd00::1"},
		DNSSearch:  []string{"a.example", "b.example"},
		Files:      []InjectedFile{{"/etc/motd", []byte("hello:\n\t# all\n")}, {"/etc/raw", []byte{0, 0xff}}},
		CustomScript: "#cloud-config\nruncmd:\n- touch /ran # why\nusers: [default]\npackages: [vim]\n" +
			"timezone: Mars/Crater\nssh_pwauth: no\nchpasswd:\n  list: |\n    carol:x\n",
	}
}

func TestConfigDrive(t *testing.T) {
	for name, data := range map[string]CloudInit{
		"full":  full(),
		"empty": {Instance: someInstance},
		"dns":   {Instance: someInstance, UserName: "alice", DNSServers: []string{"fd00::1"}, AuthorizedKeys: []AuthorizedKey{{"root", someKey}, {"", someKey}}},
	} {
		files, err := data.ConfigDrive()
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			golden(t, filepath.Join(name, filepath.Base(file.Name)), file.Content)
		}
		if want := 2 + min(1, len(data.NICs)); len(files) != want {
			t.Errorf("%s: %v, want %d files", name, files, want)
		}
	}
}

// TestMetaData: the keys of the reference, and no others.
func TestMetaData(t *testing.T) {
	text, err := full().metaData()
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"uuid", "hostname", "name", "public_keys", "network-interfaces", "network_config",
		"launch_index", "availability_zone", "meta",
	} {
		if document[key] == nil {
			t.Errorf("%s is missing", key)
		}
		delete(document, key)
	}
	if len(document) > 0 {
		t.Errorf("unknown keys: %v", document)
	}
}

func with(change func(*CloudInit)) CloudInit {
	data := CloudInit{Instance: someInstance}
	change(&data)
	return data
}

func withNIC(nics ...NIC) CloudInit { return with(func(c *CloudInit) { c.NICs = nics }) }

func withScript(script string) CloudInit { return with(func(c *CloudInit) { c.CustomScript = script }) }

func TestCheck(t *testing.T) {
	static := func(address, netmask, gateway string) CloudInit {
		return withNIC(NIC{"eth0", ProtocolStatic, address, netmask, gateway, true})
	}
	for _, test := range []struct {
		data CloudInit
		want string // a part of the sentence; empty: nothing is wrong
	}{
		{full(), ""},
		{CloudInit{}, `the instance "" is no UUID`},
		{with(func(c *CloudInit) { c.HostName = "my_host" }), `the host name "my_host"`},
		{with(func(c *CloudInit) { c.HostName = strings.Repeat("a.", 127) + "b" }), "the host name"},
		{with(func(c *CloudInit) { c.HostName = "a\nb" }), `the host name "a\nb"`},
		{with(func(c *CloudInit) { c.TimeZone = "../../etc/passwd" }), `the time zone "../../etc/passwd"`},
		{with(func(c *CloudInit) { c.TimeZone = "Etc/GMT+3" }), ""},
		{with(func(c *CloudInit) { c.UserName = "a b" }), `the user name "a b"`},
		{with(func(c *CloudInit) { c.UserName = "default" }), `the user name "default"`},
		{with(func(c *CloudInit) { c.Users = []User{{"root", "x"}} }), `the user "root" is given twice`},
		{with(func(c *CloudInit) { c.Password = "se\ncret" }), `the password of the user "root" has characters`},
		{with(func(c *CloudInit) { c.Users = []User{{"bob", "se\xffcret"}} }), `the password of the user "bob"`},
		{with(func(c *CloudInit) { c.Password = "RANDOM" }), "makes a random one"},
		{with(func(c *CloudInit) { c.AuthorizedKeys = []AuthorizedKey{{"", "ssh-rsa AAAAB3Nza[...]75zkdD root"}} }), `an authorized key of the user "root"`},
		{with(func(c *CloudInit) { c.AuthorizedKeys = []AuthorizedKey{{"bob", someKey + "\n" + someKey}} }), `an authorized key of the user "bob"`},
		{with(func(c *CloudInit) { c.AuthorizedKeys = []AuthorizedKey{{"bob", "# " + someKey}} }), `an authorized key`},
		{with(func(c *CloudInit) { c.AuthorizedKeys = []AuthorizedKey{{"-x", someKey}} }), `the user name "-x"`},
		{with(func(c *CloudInit) { c.AuthorizedKeys = []AuthorizedKey{{"bob", `command="a" ` + someKey}} }), ""},
		{static("", "24", ""), `the nic "eth0" is static and has no address`},
		{static("1.2.3.256", "24", ""), `the address "1.2.3.256"`},
		{static("0.0.0.0", "24", ""), `the address "0.0.0.0"`},
		{static("::ffff:1.2.3.4", "64", ""), `the address "::ffff:1.2.3.4"`},
		{static("fe80::1%eth0", "64", ""), `the address "fe80::1%eth0"`},
		{static("1.2.3.4", "", ""), `the netmask "" of the nic "eth0" is no netmask of an IPv4`},
		{static("1.2.3.4", "255.0.255.0", ""), `the netmask "255.0.255.0"`},
		{static("1.2.3.4", "33", ""), `the netmask "33"`},
		{static("1.2.3.4", "024", ""), `the netmask "024"`},
		{static("1.2.3.4", "0", ""), ""},
		{static("1.2.3.4", "255.255.255.255", ""), ""},
		{static("fd00::2", "0", ""), `the netmask "0" of the nic "eth0" is no netmask of an IPv6`},
		{static("fd00::2", "129", ""), `the netmask "129"`},
		{static("fd00::2", "255.255.255.0", ""), `the netmask "255.255.255.0"`},
		{static("fd00::2", "128", ""), ""},
		{static("1.2.3.4", "24", "fd00::1"), `the gateway "fd00::1" of the nic "eth0" is no IPv4 address`},
		{static("fd00::2", "64", "1.2.3.1"), `the gateway "1.2.3.1" of the nic "eth0" is no IPv6 address`},
		{static("1.2.3.4", "24", "1.2.4.1"), `is not in the network 1.2.3.0/24`},
		{static("fd00::2", "64", "fd01::1"), `is not in the network fd00::/64`},
		{static("fd00::2", "64", "fe80::1"), ""},
		{static("1.2.3.4", "24", "x"), `the gateway "x" of the nic "eth0" is no IP address`},
		{withNIC(NIC{Name: "eth0:1"}), `the nic name "eth0:1"`},
		{withNIC(NIC{Name: "a23456789012345x"}), "the nic name"},
		{withNIC(NIC{Name: "eth 0"}), "the nic name"},
		{withNIC(NIC{Name: ".."}), "the nic name"},
		{withNIC(NIC{Name: "eth0", Protocol: "bootp"}), `the boot protocol "bootp" of the nic "eth0"`},
		{withNIC(NIC{Name: "eth0", Protocol: "dhcp"}, NIC{Name: "eth0", Protocol: "none"}), `the nic "eth0" is given twice`},
		{withNIC(NIC{Name: "eth0", Protocol: "dhcp"}, NIC{Name: "eth0", Protocol: "static", Address: "fd00::1", Netmask: "64"}), ""},
		{with(func(c *CloudInit) { c.DNSServers = []string{"dns.example"} }), `the DNS server "dns.example"`},
		{with(func(c *CloudInit) { c.DNSServers = []string{"1.1.1.1 8.8.8.8"} }), "the DNS server"},
		{with(func(c *CloudInit) { c.DNSSearch = []string{"a b"} }), `the DNS search domain "a b"`},
		{with(func(c *CloudInit) { c.DNSSearch = []string{`x";rm`} }), "the DNS search domain"},
		{with(func(c *CloudInit) { c.Files = []InjectedFile{{"etc/x", nil}} }), `the file name "etc/x"`},
		{with(func(c *CloudInit) { c.Files = []InjectedFile{{"/etc/../x", nil}} }), `the file name "/etc/../x"`},
		{with(func(c *CloudInit) { c.Files = []InjectedFile{{"/a", nil}, {"/a", nil}} }), `the file "/a" is given twice`},
		{with(func(c *CloudInit) { c.Users = make([]User, maxUsers+1) }), "more than 200 users"},
		{with(func(c *CloudInit) { c.AuthorizedKeys = make([]AuthorizedKey, maxKeys+1) }), "more than 500 authorized keys"},
		{withNIC(make([]NIC, maxNICs+1)...), "more than 100 nics"},
		{with(func(c *CloudInit) { c.DNSServers = make([]string, maxDNS+1) }), "more than 50 DNS servers"},
		{with(func(c *CloudInit) { c.DNSSearch = make([]string, maxDNS+1) }), "more than 50 DNS search domains"},
		{with(func(c *CloudInit) { c.Files = make([]InjectedFile, maxFiles+1) }), "more than 200 files"},
		{withScript("your script"), "custom_script is not a YAML map"},
	} {
		err := test.data.Check()
		switch {
		case test.want == "" && err != nil:
			t.Errorf("refused: %v", err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%v, want %q", err, test.want)
		case err != nil && strings.Contains(err.Error(), "cret"):
			t.Errorf("a secret is told: %v", err)
		}
		if _, again := test.data.ConfigDrive(); fmt.Sprint(again) != fmt.Sprint(err) {
			t.Errorf("Check says %v, ConfigDrive %v", err, again)
		}
	}
}

// TestPrintsNothing: no way of printing shows what is inside.
func TestPrintsNothing(t *testing.T) {
	const secret = "s3cret"
	values := []any{
		CloudInit{Password: secret, CustomScript: secret},
		&CloudInit{Password: secret},
		User{"bob", secret},
		InjectedFile{"/x", []byte(secret)},
		File{"x", []byte(secret)},
		Answers{AdminPassword: secret, DomainPassword: secret, ProductKey: secret},
		&Answers{AdminPassword: secret},
	}
	for _, value := range values {
		var logged strings.Builder
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("", "value", value)
		for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", value, value, value, value, value, value), logged.String()} {
			if strings.Contains(text, secret) || strings.Contains(text, "733363726574") {
				t.Errorf("%T shows a secret: %s", value, text)
			}
		}
	}
}
