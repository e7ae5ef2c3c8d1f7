package e2e

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// TestCloudInit starts a Debian three times with other values each time, and reads
// from the guest what its cloud-init has made of them. To cloud-init every start
// is a new machine, on a disk that remembers the one before.
func TestCloudInit(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, map[string]string{"GuestAgentStartupTimeout": "600s", "VmGracefulShutdownTimeout": "60s"})
	c := &cloudScenario{v: e.createCloud(t, 4), net: natNetwork(t, e.daemon)}
	for _, step := range []struct {
		name  string
		start func(*testing.T)
		check func(*testing.T)
	}{
		{"as printed", c.startPrinted, c.printed},
		{"stored", c.startStored, c.stored},
		{"nested", c.startNested, c.nested},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			step.start(t)
			drive := c.v.configDrive(t)
			c.v.settled(t)
			step.check(t)
			c.v.act(t, "shutdown")
			within(t, bootPatience, c.v.name+" to be down", func() (bool, string) {
				status := c.v.status(t)
				return status == "down", "it is " + status
			})
			c.v.forgets(t, drive)
		}) {
			return
		}
	}
}

// cloudScenario is the VM and what the starts so far have left in the guest.
type cloudScenario struct {
	v   *vm
	net nat
	// admit is the key that the printed example lets root in with.
	admit   ssh.Signer
	hostKey string
}

// nat is libvirt's own network: the first three numbers of its addresses.
type nat string

func natNetwork(t *testing.T, d *daemon) nat {
	t.Helper()
	var network struct {
		IP []struct {
			Address string `xml:"address,attr"`
			Netmask string `xml:"netmask,attr"`
		} `xml:"ip"`
	}
	if err := xml.Unmarshal([]byte(d.must(t, "net-dumpxml", "default")), &network); err != nil {
		t.Fatal(err)
	}
	for _, ip := range network.IP {
		if prefix, first := strings.CutSuffix(ip.Address, ".1"); first && ip.Netmask == "255.255.255.0" {
			return nat(prefix)
		}
	}
	t.Fatalf("the network default has the addresses %v, want one like 192.168.122.1/24", network.IP)
	return ""
}

// host is an address in the network.
func (n nat) host(number int) string { return fmt.Sprintf("%s.%d", n, number) }

// printed is example 15.48 of the specification. What differs is the key, which is
// not printed in full, and the script, for which a placeholder is printed.
const printed = `<action>
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
           <key>KEY root@MyDomain.com</key>
         </authorized_key>
        </authorized_keys>
       </cloud_init>
       <custom_script><![CDATA[runcmd:
 - echo 'of the printed example' > /root/script
]]></custom_script>
      </initialization>
  </vm>
</action>`

func (c *cloudScenario) startPrinted(t *testing.T) {
	signer, key := newKey(t, "root@MyDomain.com")
	c.admit = signer
	body := strings.NewReplacer("KEY root@MyDomain.com", key, "192.168.122.", string(c.net)+".").Replace(printed)
	c.v.e.call(t, "POST", c.v.path()+"/start", body)
}

func (c *cloudScenario) printed(t *testing.T) {
	v, address := c.v, c.net.host(31)
	v.shows(t, "hostname", "MyHost")
	v.shows(t, "ip -4 -br address show dev eth0 | xargs", "eth0 UP "+address+"/24")
	v.shows(t, "ip -4 route show default | xargs", "default via "+c.net.host(1)+" dev eth0 onlink")
	v.shows(t, "grep -v '^#' /etc/resolv.conf | xargs", "nameserver "+c.net.host(1)+" search MyDomain.com")
	v.shows(t, "ip -4 -br address show scope global | cut -d' ' -f1", "eth0")
	v.shows(t, "cat /root/script", "of the printed example")
	v.logsIn(t, "root", "p@55w0rd!")
	v.letsIn(t, address, "root", ssh.PublicKeys(c.admit))
	other, _ := newKey(t, "")
	v.keepsOut(t, address, "root", ssh.PublicKeys(other))
	c.hostKey = v.hostKey(t)
	if drives := v.e.call(t, "GET", v.path()+"/cdroms", ""); len(drives.body.all("cdrom")) != 1 || drives.body.has("cdrom/file") {
		t.Errorf("/cdroms shows %s", drives.text)
	}
}

// startStored puts the flat form into the VM and asks for it at the start. The
// values are such that YAML would take them for something else.
func (c *cloudScenario) startStored(t *testing.T) {
	signer, key := newKey(t, `"two": # of them`)
	c.admit = signer
	stored := c.v.e.call(t, "PUT", c.v.path(), `<vm><initialization>
		<host_name>0123</host_name>
		<timezone>Asia/Tokyo</timezone>
		<root_password>`+awkwardXML+`</root_password>
		<authorized_ssh_keys>`+key+`</authorized_ssh_keys>
		<regenerate_ssh_keys>true</regenerate_ssh_keys>
		<dns_servers>`+c.net.host(1)+` `+c.net.host(3)+`</dns_servers>
		<dns_search>example.org lab.example.org</dns_search>
		<nic_configurations>
			<nic_configuration><name>eth0</name><boot_protocol>dhcp</boot_protocol><on_boot>true</on_boot></nic_configuration>
			<nic_configuration><name>eth1</name><boot_protocol>static</boot_protocol><on_boot>true</on_boot>
				<ip address="`+c.net.host(33)+`" netmask="255.255.255.0"/></nic_configuration>
			<nic_configuration><name>eth2</name><boot_protocol>none</boot_protocol><on_boot>true</on_boot></nic_configuration>
			<nic_configuration><name>eth3</name><boot_protocol>static</boot_protocol><on_boot>false</on_boot>
				<ip address="`+c.net.host(34)+`" netmask="255.255.255.0"/></nic_configuration>
		</nic_configurations>
		<custom_script><![CDATA[write_files:
 - path: "/etc/motd.d/é: #1"
   content: "zürich: 'quoted' \"twice\" # kept\n"
runcmd:
 - [sh, -c, "echo $0 >> /root/script", "of the stored values"]
]]></custom_script>
	</initialization></vm>`)
	if password := stored.body.text("initialization/root_password"); password != "******" {
		t.Errorf("the stored password is shown as %q", password)
	}
	c.v.act(t, "start", "<use_cloud_init>true</use_cloud_init>")
}

// A password that means much to YAML, to shells and to XML.
const (
	awkward    = `#1: 'é' "q" & {007}`
	awkwardXML = `#1: 'é' "q" &amp; {007}`
)

func (c *cloudScenario) stored(t *testing.T) {
	v := c.v
	v.shows(t, "hostname", "0123")
	v.shows(t, "cat /etc/timezone; date +%Z", "Asia/Tokyo\nJST")
	v.shows(t, "grep -v '^#' /etc/resolv.conf | grep -c -e '^nameserver "+c.net.host(1)+"$' -e '^nameserver "+c.net.host(3)+"$'", "2")
	v.shows(t, "grep '^search' /etc/resolv.conf", "search example.org lab.example.org")
	v.shows(t, "ip -4 -br address show dev eth0 | grep -c UP.*"+string(c.net), "1")
	v.shows(t, "pgrep -f -c 'dhclient.*eth0$'", "1")
	v.shows(t, "ip -4 -br address show dev eth1 | xargs", "eth1 UP "+c.net.host(33)+"/24")
	v.shows(t, "ifquery --state eth2; ip -4 -br address show dev eth2 | awk '{print $3}'", "eth2=eth2")
	v.shows(t, "ip -br address show dev eth3 | xargs", "eth3 DOWN")
	v.shows(t, "ifquery --list --allow=auto | sort | xargs; ifquery eth3 | grep ^address:", "eth0 eth1 eth2 lo\naddress: "+c.net.host(34))
	v.shows(t, `cat "/etc/motd.d/é: #1"`, `zürich: 'quoted' "twice" # kept`)
	v.shows(t, "cat /root/script", "of the printed example\nof the stored values")
	if now := v.hostKey(t); now == c.hostKey {
		t.Error("the ssh host keys were to be regenerated and are the old ones")
	}
	c.hostKey = v.hostKey(t)
	v.logsIn(t, "root", awkward)
	v.letsIn(t, c.net.host(33), "root", ssh.PublicKeys(c.admit))
}

// startNested gives other values for this run than those that are stored: what it
// says wins, the rest is as stored.
func (c *cloudScenario) startNested(t *testing.T) {
	signer, key := newKey(t, "bob@example.org")
	c.admit = signer
	c.v.act(t, "start", `<vm><initialization>
		<regenerate_ssh_keys>false</regenerate_ssh_keys>
		<cloud_init>
			<host><address>third.example.net</address></host>
			<timezone>America/New_York</timezone>
			<users><user><user_name>bob</user_name><password>0777</password></user></users>
			<authorized_keys><authorized_key><user><user_name>bob</user_name></user><key>`+key+`</key></authorized_key></authorized_keys>
			<network_configuration>
				<nics>
					<nic><name>eth0</name><boot_protocol>static</boot_protocol><on_boot>true</on_boot>
						<network><ip address="`+c.net.host(35)+`" netmask="255.255.255.0" gateway="`+c.net.host(1)+`"/></network></nic>
					<nic><name>eth0</name><boot_protocol>static</boot_protocol><on_boot>true</on_boot>
						<network><ip address="fd00:1234::35" netmask="64"/></network></nic>
					<nic><name>eth1</name><boot_protocol>static</boot_protocol><on_boot>true</on_boot>
						<network><ip address="fd00:77::9" netmask="80" gateway="fd00:77::1"/></network></nic>
				</nics>
				<dns>
					<servers><host><address>`+c.net.host(1)+`</address></host><host><address>`+c.net.host(4)+`</address></host></servers>
					<search_domains><host><address>a.example</address></host><host><address>b.example</address></host></search_domains>
				</dns>
			</network_configuration>
			<files>
				<file><name>/srv/data/plain</name><content>key: value # and 'more'</content><type>plaintext</type></file>
				<file><name>/srv/data/binary</name><content>AAECAw==</content><type>base64</type></file>
			</files>
		</cloud_init>
		<custom_script><![CDATA[#!/bin/bash
for word in of the nested values; do echo -n "$word "; done >> /root/script
]]></custom_script>
	</initialization></vm>`)
}

func (c *cloudScenario) nested(t *testing.T) {
	v := c.v
	v.shows(t, "hostname", "third")
	v.shows(t, "cat /etc/timezone", "America/New_York")
	v.shows(t, "ip -4 -br address show dev eth0 | xargs", "eth0 UP "+c.net.host(35)+"/24")
	v.shows(t, "ip -6 -br address show dev eth0 scope global | xargs", "eth0 UP fd00:1234::35/64")
	v.shows(t, "ip -6 -br address show dev eth1 scope global | xargs", "eth1 UP fd00:77::9/80")
	v.shows(t, "ip -6 route show default | cut -d' ' -f1-5", "default via fd00:77::1 dev eth1")
	v.shows(t, "grep -v '^#' /etc/resolv.conf | xargs", "nameserver "+c.net.host(1)+" nameserver "+c.net.host(4)+" search a.example b.example")
	v.shows(t, "cat /srv/data/plain", "key: value # and 'more'")
	v.shows(t, "od -An -tx1 /srv/data/binary | xargs", "00 01 02 03")
	v.shows(t, "tail -n 1 /root/script", "of the nested values") // by a program
	v.shows(t, "ls /var/lib/cloud/instances | wc -l", "3")
	if now := v.hostKey(t); now != c.hostKey {
		t.Error("the ssh host keys have changed, though nobody asked for that")
	}
	v.logsIn(t, "bob", "0777")
	v.logsIn(t, "root", awkward)
	address := c.net.host(35)
	v.letsIn(t, address, "bob", ssh.PublicKeys(c.admit))
	v.letsIn(t, address, "bob", ssh.Password("0777"))
	v.keepsOut(t, address, "root", ssh.PublicKeys(c.admit))
}

// configDrive finds the CD that libvirt has and /cdroms does not know, and checks
// what it is.
func (v *vm) configDrive(t *testing.T) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(v.e.daemon.must(t, "domblklist", "--details", v.id)) {
		if words := strings.Fields(line); len(words) == 4 && words[1] == "cdrom" && words[3] != "-" {
			found = append(found, words[3])
		}
	}
	if len(found) != 1 {
		t.Fatalf("libvirt has the CDs %v, want the config drive alone", found)
	}
	path := found[0]
	label, err := exec.Command("blkid", "-p", "-s", "LABEL", "-o", "value", path).CombinedOutput()
	if err != nil || strings.TrimSpace(string(label)) != "config-2" {
		t.Errorf("the label of the config drive is %q, %v", label, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		t.Errorf("everybody can get at the config drive: %v", info.Mode())
	}
	return path
}

// forgets checks that nothing is left of a config drive after its run.
func (v *vm) forgets(t *testing.T, drive string) {
	t.Helper()
	eventually(t, "the config drive to go", func() (bool, string) {
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(drive), "*"+v.id+"*"))
		if _, err := os.Lstat(drive); err == nil {
			left = append(left, drive)
		}
		return len(left) == 0, fmt.Sprint("there is ", left)
	})
}
