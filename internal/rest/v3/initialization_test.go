package v3

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/vault"
)

// readInitialization reads the elements of an initialization, in XML or JSON, into
// what is stored already.
func readInitialization(t *testing.T, body string, stored *model.Initialization) (*model.Initialization, error) {
	t.Helper()
	format := "xml"
	if strings.HasPrefix(body, "{") {
		format = "json"
	}
	var shape Initialization
	if err := read(format, "initialization", []byte(body), &shape); err != nil {
		t.Fatal(err)
	}
	err := shape.apply(&stored, safe)
	return stored, err
}

// opened is an initialization as JSON, with its secrets revealed.
func opened(t *testing.T, value any) string {
	t.Helper()
	data, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	data, err = json.MarshalIndent(reveal(t, tree), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func reveal(t *testing.T, tree any) any {
	t.Helper()
	switch tree := tree.(type) {
	case string:
		if !strings.HasPrefix(tree, "v1:") {
			return tree
		}
		plain, err := safe.Reveal(model.Secret(tree))
		if err != nil {
			t.Fatal(err)
		}
		return "secret " + plain
	case []any:
		for i := range tree {
			tree[i] = reveal(t, tree[i])
		}
	case map[string]any:
		for name := range tree {
			tree[name] = reveal(t, tree[name])
		}
	}
	return tree
}

// same fails unless two values are the same with their secrets revealed; want's
// secrets are given as "secret text".
func same(t *testing.T, what string, got any, want any) {
	t.Helper()
	if g, w := opened(t, got), opened(t, want); g != w {
		t.Errorf("%s: got\n%s\ninstead of\n%s", what, g, w)
	}
}

// TestInitializationIsRead: each form in each format, all items of every list.
func TestInitializationIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		bodies []string
		want   *model.Initialization
	}{
		"flat": {[]string{
			`<initialization><host_name> a.example </host_name><domain>D</domain><timezone>UTC</timezone>
			<authorized_ssh_keys>ssh-rsa A a&#13;
			ssh-rsa B b

			</authorized_ssh_keys><regenerate_ssh_keys>1</regenerate_ssh_keys><dns_servers>192.0.2.1  192.0.2.2</dns_servers>
			<dns_search>x.example y.example</dns_search><root_password> p: "#'ü </root_password><custom_script>a: b
</custom_script><windows_license_key>K</windows_license_key><user_name>u</user_name><active_directory_ou>OU=x</active_directory_ou>
			<org_name>o</org_name></initialization>`,
			`{"host_name":"a.example","domain":"D","timezone":"UTC","authorized_ssh_keys":"ssh-rsa A a\nssh-rsa B b","regenerate_ssh_keys":"true",
			"dns_servers":"192.0.2.1 192.0.2.2","dns_search":"x.example y.example","root_password":" p: \"#'ü ","custom_script":"a: b\n",
			"windows_license_key":"K","user_name":"u","active_directory_ou":"OU=x","org_name":"o"}`,
		}, &model.Initialization{
			HostName: "a.example", Domain: "D", TimeZone: "UTC", RegenerateSSHKeys: true,
			AuthorizedKeys: []model.AuthorizedKey{{User: "u", Key: "ssh-rsa A a"}, {User: "u", Key: "ssh-rsa B b"}},
			DNSServers:     []string{"192.0.2.1", "192.0.2.2"}, DNSSearch: []string{"x.example", "y.example"},
			RootPassword: `secret  p: "#'ü `, CustomScript: "secret a: b\n", WindowsLicenseKey: "secret K",
			UserName: "u", ActiveDirectoryOU: "OU=x", OrgName: "o",
		}},
		"interfaces": {[]string{
			`<initialization><nic_configurations>
			<nic_configuration><name>a</name><ip address="192.0.2.7" netmask="255.255.255.0" gateway="192.0.2.1"/><boot_protocol>STATIC</boot_protocol><on_boot>true</on_boot></nic_configuration>
			<nic_configuration><name>b</name><ip address="2001:db8::7" netmask="64"/></nic_configuration>
			<nic_configuration><name>c</name><on_boot>true</on_boot></nic_configuration>
			<nic_configuration><name>d</name><ip address="192.0.2.8"/><boot_protocol>dhcp</boot_protocol></nic_configuration>
			<nic_configuration><name>e</name><boot_protocol>none</boot_protocol></nic_configuration>
			</nic_configurations></initialization>`,
			`<initialization><cloud_init><network_configuration><nics>
			<nic><name>a</name><boot_protocol>static</boot_protocol><network><ip address="192.0.2.7" netmask="255.255.255.0" gateway="192.0.2.1"/></network><on_boot>true</on_boot></nic>
			<nic><name>b</name><network><ip address="2001:db8::7" netmask="64"/></network></nic>
			<nic><name>c</name><boot_protocol/><on_boot>true</on_boot></nic>
			<nic><name>d</name><network><ip address="192.0.2.8"/></network><boot_protocol>DHCP</boot_protocol></nic>
			<nic><name>e</name><boot_protocol>none</boot_protocol><network/></nic>
			</nics></network_configuration></cloud_init></initialization>`,
			`{"cloud_init":{"network_configuration":{"nics":{"nic":[
			{"name":"a","boot_protocol":"static","network":{"ip":{"address":"192.0.2.7","netmask":"255.255.255.0","gateway":"192.0.2.1"}},"on_boot":"true"},
			{"name":"b","network":{"ip":{"address":"2001:db8::7","netmask":"64"}}},{"name":"c","on_boot":true},
			{"name":"d","boot_protocol":"dhcp"},{"name":"e","boot_protocol":"none"}]}}}}`,
		}, &model.Initialization{NICs: []model.NICConfiguration{
			{Name: "a", BootProtocol: model.BootProtocolStatic, Address: "192.0.2.7", Netmask: "255.255.255.0", Gateway: "192.0.2.1", OnBoot: true},
			{Name: "b", BootProtocol: model.BootProtocolStatic, Address: "2001:db8::7", Netmask: "64"},
			{Name: "c", BootProtocol: model.BootProtocolDHCP, OnBoot: true},
			{Name: "d", BootProtocol: model.BootProtocolDHCP},
			{Name: "e", BootProtocol: model.BootProtocolNone},
		}}},
		"cloud_init": {[]string{
			`<initialization><cloud_init><host><address>h</address></host><timezone>UTC</timezone><regenerate_ssh_keys>true</regenerate_ssh_keys>
			<authorized_keys><authorized_key><user><user_name>root</user_name></user><key>ssh-rsa A</key></authorized_key>
			<authorized_key><user><name>bob</name></user><key>ssh-rsa B</key></authorized_key><authorized_key><key>ssh-rsa C
			ssh-rsa D</key></authorized_key></authorized_keys>
			<network_configuration><dns><servers><host><address>192.0.2.1</address></host><host><address>192.0.2.2</address></host></servers>
			<search_domains><host><address>x.example</address></host><host/><host><address>y.example</address></host></search_domains></dns></network_configuration>
			<users><user><user_name>root</user_name><password>r</password></user><user><user_name>bob</user_name><password>b</password></user><user><name>eve</name></user></users>
			<files><file><name>/etc/motd</name><content>hello</content><type>plaintext</type></file><file><name>/x</name><content>
			aGVs bG8=</content><type>Base64</type></file></files></cloud_init></initialization>`,
			`{"cloud_init":{"host":{"address":"h"},"timezone":"UTC","regenerate_ssh_keys":true,"authorized_keys":{"authorized_key":[
			{"user":{"user_name":"root"},"key":"ssh-rsa A"},{"user":{"user_name":"bob"},"key":"ssh-rsa B"},{"key":"ssh-rsa C"},{"user":{},"key":"ssh-rsa D"}]},
			"network_configuration":{"dns":{"servers":{"host":[{"address":"192.0.2.1"},{"address":"192.0.2.2"}]},"search_domains":{"host":[{"address":"x.example"},{"address":"y.example"}]}}},
			"users":{"user":[{"password":"r"},{"user_name":"bob","password":"b"},{"user_name":"eve"}]},
			"files":{"file":[{"name":"/etc/motd","content":"hello"},{"name":"/x","content":"aGVsbG8=","type":"base64"}]}}}`,
		}, &model.Initialization{
			HostName: "h", TimeZone: "UTC", RegenerateSSHKeys: true,
			AuthorizedKeys: []model.AuthorizedKey{{Key: "ssh-rsa A"}, {User: "bob", Key: "ssh-rsa B"}, {Key: "ssh-rsa C"}, {Key: "ssh-rsa D"}},
			DNSServers:     []string{"192.0.2.1", "192.0.2.2"}, DNSSearch: []string{"x.example", "y.example"},
			RootPassword: "secret r", Users: []model.GuestUser{{Name: "bob", Password: "secret b"}, {Name: "eve"}},
			Files: []model.GuestFile{{Path: "/etc/motd", Content: "secret hello"}, {Path: "/x", Content: "secret hello"}},
		}},
		"both forms: cloud_init wins, what is beside it counts": {[]string{
			`<initialization><host_name>flat</host_name><root_password>flat</root_password><timezone>UTC</timezone><user_name>bob</user_name>
			<cloud_init><host><address>nested</address></host><users><user><user_name>bob</user_name><password>nested</password></user></users>
			<authorized_keys><authorized_key><user><user_name>root</user_name></user><key>k</key></authorized_key><authorized_key><key>l</key></authorized_key></authorized_keys></cloud_init>
			<custom_script><![CDATA[your script]]></custom_script><authorized_ssh_keys>flat</authorized_ssh_keys></initialization>`,
		}, &model.Initialization{
			HostName: "nested", RootPassword: "secret nested", TimeZone: "UTC", UserName: "bob", CustomScript: "secret your script",
			AuthorizedKeys: []model.AuthorizedKey{{Key: "k"}, {User: "bob", Key: "l"}},
		}},
		"root beside a user of its own": {[]string{
			`<initialization><user_name>bob</user_name><root_password>b</root_password><cloud_init><users><user><user_name>root</user_name><password>r</password></user></users></cloud_init></initialization>`,
		}, &model.Initialization{UserName: "bob", RootPassword: "secret b", Users: []model.GuestUser{{Name: "root", Password: "secret r"}}}},
		"nothing": {[]string{"<initialization/>", "<initialization><cloud_init/></initialization>", "{}", `{"root_password":"******","dns_servers":"  "}`}, nil},
	} {
		for _, body := range c.bodies {
			got, err := readInitialization(t, body, nil)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			same(t, name, got, c.want)
		}
	}
}

// TestInitializationIsChangedInParts: what is given replaces, the rest stays.
func TestInitializationIsChangedInParts(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		change func(*model.Initialization)
	}{
		"nothing of it":        {"<initialization><cloud_init/></initialization>", func(*model.Initialization) {}},
		"the same":             {"<initialization><root_password>p@55w0rd!</root_password><custom_script>******</custom_script></initialization>", func(*model.Initialization) {}},
		"host name":            {"<initialization><host_name>b</host_name></initialization>", func(i *model.Initialization) { i.HostName = "b" }},
		"no password":          {"<initialization><root_password/></initialization>", func(i *model.Initialization) { i.RootPassword = "" }},
		"no script":            {"<initialization><custom_script/></initialization>", func(i *model.Initialization) { i.CustomScript = "" }},
		"no interfaces":        {"<initialization><nic_configurations/></initialization>", func(i *model.Initialization) { i.NICs = nil }},
		"no DNS":               {"<initialization><dns_servers/></initialization>", func(i *model.Initialization) { i.DNSServers = nil }},
		"no keys for the user": {"<initialization><authorized_ssh_keys/></initialization>", func(i *model.Initialization) { i.AuthorizedKeys = i.AuthorizedKeys[2:] }},
		"another user": {"<initialization><user_name>bob</user_name></initialization>", func(i *model.Initialization) {
			i.UserName = "bob"
			i.AuthorizedKeys[0].User, i.AuthorizedKeys[1].User = "bob", "bob"
		}},
		"users given back": {
			"<initialization><cloud_init><users><user><user_name>alice</user_name><password>******</password></user></users></cloud_init></initialization>",
			func(*model.Initialization) {},
		},
		"a file given back": {
			"<initialization><cloud_init><files><file><name>/etc/motd</name><content>******</content></file></files></cloud_init></initialization>",
			func(*model.Initialization) {},
		},
		"no users, no files": {"<initialization><cloud_init><users/><files/></cloud_init></initialization>", func(i *model.Initialization) { i.Users, i.Files = nil, nil }},
	} {
		stored, want := wholeInitialization(), wholeInitialization()
		c.change(want)
		got, err := readInitialization(t, c.body, stored)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, got\n%s\ninstead of\n%s", name, err, opened(t, got), opened(t, want))
		}
		if !reflect.DeepEqual(stored, wholeInitialization()) {
			t.Errorf("%s: what was stored has been changed in place", name)
		}
	}
	if got, err := readInitialization(t, "<initialization/>", wholeInitialization()); err != nil || got != nil {
		t.Errorf("an empty element left %s, %v", opened(t, got), err)
	}
	got, err := readInitialization(t, "<initialization><root_password>new</root_password></initialization>", wholeInitialization())
	if err != nil || got.RootPassword == sealedPassword || opened(t, got.RootPassword) != `"secret new"` {
		t.Errorf("a new password is not taken: %v", err)
	}
}

// TestInitializationRefuses: with the documented sentence, and without what was
// to be a secret.
func TestInitializationRefuses(t *testing.T) {
	file := func(elements string) string {
		return "<initialization><cloud_init><files><file>" + elements + "</file></files></cloud_init></initialization>"
	}
	for body, want := range map[string]string{
		"<initialization><nic_configurations><nic_configuration><boot_protocol>x</boot_protocol></nic_configuration></nic_configurations></initialization>":                 "x is not a member of BootProtocol. Possible values for BootProtocol are: dhcp, static, none",
		"<initialization><cloud_init><network_configuration><nics><nic><boot_protocol>y</boot_protocol></nic></nics></network_configuration></cloud_init></initialization>": "y is not a member of BootProtocol",
		file("<content>geheim</content>"):                                   "File [name] required for cloud_init",
		file("<name>a</name><content>geheim!</content><type>base64</type>"): "The content of the file a is not valid base64.",
		file("<name>a</name><content>geheim</content><type>rot13</type>"):   "rot13 is not a member of PayloadEncoding. Possible values for PayloadEncoding are: base64, plaintext",
		file("<name>a</name><content>******</content>"):                     "The content of the file a is hidden, and none is stored under this name.",
	} {
		_, err := readInitialization(t, body, nil)
		f := fault.Of(err)
		if err == nil || f.Kind != fault.BadRequest || !strings.Contains(f.Message(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestSecretsAreShownToFew: scripts and files only where they may be revealed,
// passwords and keys nowhere, payloads in lists only with everything else.
func TestSecretsAreShownToFew(t *testing.T) {
	vm := &model.VM{ID: someID, VMConfig: wholeConfig()}
	vm.Run.Status = model.StatusDown
	vm.NextRun = new(wholeConfig())
	plain := page()
	plain.AllContent, plain.Reveal = false, nil
	lost := page()
	lost.Reveal = func(model.Secret) (string, error) { return "", vault.ErrSealed }
	for name, c := range map[string]struct {
		page              *Page
		script, inTheList bool
	}{"all": {page(), true, true}, "plain": {plain, false, false}, "the key is lost": {lost, false, true}} {
		for _, format := range []string{"xml", "json"} {
			one, next, listed := write(format, "vm", c.page.ShowVM(vm, nil)), write(format, "vm", c.page.ShowNextRun(vm)), write(format, "vm", c.page.ShowListedVM(vm, nil))
			for _, out := range []string{string(one), string(next), string(listed)} {
				for _, secret := range []string{"p@55w0rd!", "AAAAA-BBBBB", "v1:", "cloud_init", "alice", "motd"} {
					if strings.Contains(out, secret) {
						t.Errorf("%s shows %s:\n%s", name, secret, out)
					}
				}
				if strings.Contains(out, "touch /x") != c.script {
					t.Errorf("%s, the script:\n%s", name, out)
				}
				if !strings.Contains(out, hidden) {
					t.Errorf("%s does not say that there are secrets:\n%s", name, out)
				}
			}
			if !strings.Contains(string(one), "volume_id") || strings.Contains(string(listed), "volume_id") != c.inTheList {
				t.Errorf("%s, payloads:\n%s\n%s", name, one, listed)
			}
		}
	}
}

// TestHiddenSecretsGivenBackChangeNothing: what a client without All-Content was
// shown, and any part of it, means what is stored.
func TestHiddenSecretsGivenBackChangeNothing(t *testing.T) {
	plain := page()
	plain.AllContent, plain.Reveal = false, nil
	vm := &model.VM{ID: someID, VMConfig: wholeConfig()}
	for name, shown := range map[string]*VM{"all": page().ShowVM(vm, nil), "plain": plain.ShowVM(vm, nil)} {
		for _, format := range []string{"xml", "json"} {
			for step, forget := range map[string]bool{"forgotten": true, "applied": false} {
				var request VM
				if err := read(format, "vm", write(format, "vm", shown), &request); err != nil {
					t.Fatal(err)
				}
				if forget {
					ForgetUnchanged(&request, page().ShowVM(vm, nil))
				}
				got := wholeConfig()
				if err := request.Apply(&got, everything{safe}); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, wholeConfig()) {
					t.Errorf("%s, %s, %s: it became\n%s", name, format, step, opened(t, got))
				}
			}
		}
	}
}

// TestTemplatesShowNone: the 3.6 schema has no place for it there.
func TestTemplatesShowNone(t *testing.T) {
	out := string(write("xml", "template", page().ShowTemplate(&model.Template{ID: someID, VMConfig: wholeConfig()})))
	validate(t, []byte(out))
	if strings.Contains(out, "initialization") || strings.Contains(out, "payload") {
		t.Errorf("a template shows\n%s", out)
	}
}
