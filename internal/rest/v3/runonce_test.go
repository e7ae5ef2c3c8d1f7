package v3

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// The examples of the specification as they are printed, but for ids.
const (
	example1547 = `<action>
    <pause>true</pause>
    <vm>
        <stateless>true</stateless>
        <display>
            <type>spice</type>
        </display>
        <os>
            <boot dev="cdrom"/>
        </os>
        <cdroms>
            <cdrom>
                <file id="windows-xp.iso"/>
            </cdrom>
        </cdroms>
        <floppies>
            <floppy>
                <file id="virtio-win_x86.vfd"/>
            </floppy>
       </floppies>
        <domain>
            <name>domain.example.com</name>
            <user>
                <user_name>domain_user</user_name>
                <password>domain_password</password>
            </user>
        </domain>
        <placement_policy>
            <host id="00000001-0001-0001-0001-0000000000d6"/>       
        </placement_policy>
    </vm>
</action>`
	example1548 = `<action>
    <vm>
       <initialization>
        <cloud_init>
          <host>
           <address>MyHost.MyDomain.com</address>
          </host>
          <users>
           <user>
            <user_name>root</user_name>
            <password>p@55w0rd!</password>
           </user>
          </users>
          <network_configuration>
           <nics>
            <nic>
              <name>eth0</name>
              <boot_protocol>static</boot_protocol>
              <network>
                <ip address="192.168.122.31" netmask="255.255.255.0" gateway="192.168.122.1"/>
              </network>
              <on_boot>true</on_boot>
            </nic>
           </nics>
           <dns>
            <servers>
              <host>
                <address>192.168.122.1</address>
              </host>
            </servers>
            <search_domains>
              <host>
                <address>MyDomain.com</address>
              </host>
            </search_domains>
          </dns>
        </network_configuration>
        <authorized_keys>
         <authorized_key>
           <user>
             <user_name>root</user_name>
           </user>
           <key>ssh-rsa AAAAB3Nza[...]75zkdD root@MyDomain.com</key>
         </authorized_key>
        </authorized_keys>
       </cloud_init>
       <custom_script><![CDATA[your script]]></custom_script>
      </initialization>
  </vm>
</action>`
)

func readOverrides(t *testing.T, body string, of *model.VMConfig) (*model.RunOnce, error) {
	t.Helper()
	format := "xml"
	if strings.HasPrefix(body, "{") {
		format = "json"
	}
	var action Action
	if err := read(format, "action", []byte(body), &action); err != nil {
		t.Fatal(err)
	}
	return action.VM.Overrides(of, everything{safe})
}

// TestOverridesAreRead: all that can be overridden, in both formats, and nothing
// of what cannot.
func TestOverridesAreRead(t *testing.T) {
	config := wholeConfig()
	cloudInit := &model.Initialization{
		HostName: "MyHost.MyDomain.com", RootPassword: "secret p@55w0rd!", CustomScript: "secret your script",
		NICs:       []model.NICConfiguration{{Name: "eth0", BootProtocol: model.BootProtocolStatic, Address: "192.168.122.31", Netmask: "255.255.255.0", Gateway: "192.168.122.1", OnBoot: true}},
		DNSServers: []string{"192.168.122.1"}, DNSSearch: []string{"MyDomain.com"},
		AuthorizedKeys: []model.AuthorizedKey{{Key: "ssh-rsa AAAAB3Nza[...]75zkdD root@MyDomain.com"}},
	}
	everyElement := &model.RunOnce{
		DisplayType: new(model.DisplayVNC), KeyboardLayout: new("de"),
		Boot: []model.BootDevice{model.BootNetwork, model.BootCDROM, model.BootHardDisk}, BootMenu: new(false),
		Kernel: new("iso://k"), Initrd: new(""), Cmdline: new("quiet"), CDROM: new(""), Floppy: "f.vfd",
		CustomProperties: &[]model.CustomProperty{{Name: "sap", Value: "false"}}, CPUShares: new(7), CPUModel: new("Haswell"),
		EmulatedMachine: new("pc"), Host: otherID, Domain: &model.DomainJoin{Name: "EXAMPLE"},
	}
	for name, c := range map[string]struct {
		of     *model.VMConfig
		bodies []string
		want   *model.RunOnce
	}{
		"example 15.47": {&model.VMConfig{}, []string{example1547}, &model.RunOnce{
			Stateless: true, DisplayType: new(model.DisplaySPICE), Boot: []model.BootDevice{model.BootCDROM},
			CDROM: new("windows-xp.iso"), Floppy: "virtio-win_x86.vfd", Host: otherID,
			Domain: &model.DomainJoin{Name: "domain.example.com", User: "domain_user", Password: "secret domain_password"},
		}},
		"example 15.48": {&model.VMConfig{}, []string{example1548}, &model.RunOnce{Initialization: cloudInit}},
		"every element": {&config, []string{
			`<action><vm><stateless>false</stateless><display><type>VNC</type><keyboard_layout>de</keyboard_layout></display>
			<os><boot dev="network"/><boot dev=""/><boot dev="cdrom"/><boot dev="HD"/><kernel>iso://k</kernel><initrd/><cmdline>quiet</cmdline></os>
			<bios><boot_menu><enabled>false</enabled></boot_menu></bios>
			<cdroms><cdrom><file id=""/></cdrom><cdrom><file id="second.iso"/></cdrom></cdroms>
			<floppies><floppy><file id="f.vfd"/></floppy><floppy><file id="second.vfd"/></floppy></floppies>
			<custom_properties><custom_property name="sap" value="false"/></custom_properties><cpu_shares>7</cpu_shares>
			<custom_cpu_model>Haswell</custom_cpu_model><custom_emulated_machine>pc</custom_emulated_machine><domain><user/></domain>
			<placement_policy><hosts><host><name>known</name></host><host><name>nobody</name></host></hosts></placement_policy></vm></action>`,
			`{"vm":{"display":{"type":"vnc","keyboard_layout":"de"},"os":{"boot":[{"dev":"network"},{"dev":"cdrom"},{"dev":"hd"}],"kernel":"iso://k","initrd":"","cmdline":"quiet"},
			"bios":{"boot_menu":{"enabled":"false"}},"cdroms":{"cdrom":[{"file":{"id":""}}]},"floppies":{"floppy":[{"file":{"id":"f.vfd"}}]},
			"custom_properties":{"custom_property":[{"name":"sap","value":"false"}]},"cpu_shares":"7","custom_cpu_model":"Haswell","custom_emulated_machine":"pc",
			"domain":{"user":{}},"placement_policy":{"host":{"name":"known"}}}}`,
		}, everyElement},
		"domain without user, the user's name where it was described": {&model.VMConfig{}, []string{
			`<action><vm><domain><name> D </name><user><name>u</name></user></domain></vm></action>`,
		}, &model.RunOnce{Domain: &model.DomainJoin{Name: "D", User: "u"}}},
		"what is stored is overlaid": {&model.VMConfig{Initialization: &model.Initialization{HostName: "stored", UserName: "bob", RootPassword: sealedPassword}}, []string{
			`<action><vm><initialization><host_name>other</host_name><root_password>******</root_password></initialization></vm></action>`,
		}, &model.RunOnce{Initialization: &model.Initialization{HostName: "other", UserName: "bob", RootPassword: sealedPassword}}},
		"what is stored is emptied": {&config, []string{`<action><vm><initialization/></vm></action>`}, &model.RunOnce{Initialization: &model.Initialization{}}},
		"nothing": {&config, []string{
			`<action><vm/></action>`, `{"vm":{}}`,
			`<action><vm><cdroms/><floppies><floppy/></floppies><os/><display/><bios/><domain/><placement_policy><host/></placement_policy></vm></action>`,
			// What cannot be overridden, also where it names what does not exist.
			`<action><vm id="` + string(someID) + `"><name>x</name><memory>1</memory><cpu><topology sockets="9"/></cpu><high_availability><enabled>true</enabled></high_availability>
			<cluster><name>nobody</name></cluster><template id="11111111-2222-3333-4444-555555555555"/><payloads><payload type="cdrom"><files><file><name>a.txt</name><content>******</content></file></files></payload></payloads>
			<nics><nic><name>eth0</name></nic></nics><timezone>UTC</timezone><stateless>false</stateless></vm></action>`,
		}, &model.RunOnce{}},
	} {
		before := model.Clone(c.of)
		for _, body := range c.bodies {
			got, err := readOverrides(t, body, c.of)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			same(t, name, got, c.want)
		}
		if !reflect.DeepEqual(before, c.of) {
			t.Errorf("%s: the configuration has been changed", name)
		}
	}
}

func TestOverridesRefuse(t *testing.T) {
	for body, c := range map[string]struct {
		want string
		kind fault.Kind
	}{
		`<display><type>x</type></display>`:                                                 {"x is not a member of DisplayType", fault.BadRequest},
		`<os><boot dev="tape"/></os>`:                                                       {"tape is not a member of BootDevice", fault.BadRequest},
		`<type>toaster</type>`:                                                              {"toaster is not a member of VmType", fault.BadRequest},
		`<payloads><payload type="tape"/></payloads>`:                                       {"tape is not a member of VmDeviceType", fault.BadRequest},
		`<placement_policy><affinity>x</affinity></placement_policy>`:                       {"x is not a member of VmAffinity", fault.BadRequest},
		`<placement_policy><host><name>foo</name></host></placement_policy>`:                {"Entity not found: Hosts: name=foo", fault.NotFound},
		`<placement_policy><host id="` + string(model.BlankID) + `"/></placement_policy>`:   {"Entity not found: Hosts: id=", fault.NotFound},
		`<placement_policy><host id="../x"/></placement_policy>`:                            {"is not a valid id of a host", fault.BadRequest},
		`<domain><user><user_name>u</user_name><password>geheim</password></user></domain>`: {"If Domain supplied, Domain name expected to be supplied as well.", fault.BadRequest},
	} {
		_, err := readOverrides(t, "<action><vm>"+body+"</vm></action>", &model.VMConfig{})
		f := fault.Of(err)
		if err == nil || f.Kind != c.kind || !strings.Contains(f.Message(), c.want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// secretElements are those whose text is never to be seen again.
var secretElements = map[string]bool{
	"password": true, "root_password": true, "windows_license_key": true, "custom_script": true, "content": true, "data": true,
}

// plant puts a text wherever a request has a secret.
func plant(v reflect.Value, secret string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			plant(v.Elem(), secret)
		}
	case reflect.Slice:
		for i := range v.Len() {
			plant(v.Index(i), secret)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("wire"), ",")
			if text, ok := v.Field(i).Interface().(*string); ok && text != nil && secretElements[name] {
				v.Field(i).Set(reflect.ValueOf(&secret))
				continue
			}
			plant(v.Field(i), secret)
		}
	}
}

// FuzzOverrides reads anything as the body of a start: nothing panics, and no
// secret is in a refusal, in the parameters of the job or in the echo.
func FuzzOverrides(f *testing.F) {
	whole := page().ShowVM(&model.VM{ID: someID, VMConfig: wholeConfig()}, nil)
	for _, format := range []string{"xml", "json"} {
		f.Add(format, write(format, "action", &Action{VM: whole}))
	}
	f.Add("xml", []byte(example1547))
	f.Add("xml", []byte(example1548))
	f.Add("json", []byte(`{"vm":{"payloads":{"payload":[{"type":"floppy","file":{"name":"a","content":"x"}}]},"initialization":{"cloud_init":{"files":{"file":[{"name":"/x","content":"eA==","type":"base64"}]}}}}}`))
	f.Fuzz(func(t *testing.T, format string, body []byte) {
		var action Action
		if err := read(format, "action", body, &action); err != nil || action.VM == nil {
			return
		}
		const secret = "geheim-4711!"
		plant(reflect.ValueOf(action.VM), secret)
		config := wholeConfig()
		once, err := action.VM.Overrides(&config, everything{safe})
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the refusal says %v", err)
		}
		if kept, _ := json.Marshal(once); strings.Contains(string(kept), secret) {
			t.Errorf("the job would hold %s", kept)
		}
		action.HideSecrets()
		for _, format := range []string{"xml", "json"} {
			if echo := string(write(format, "action", &action)); strings.Contains(echo, secret) {
				t.Errorf("the echo is\n%s", echo)
			}
		}
	})
}
