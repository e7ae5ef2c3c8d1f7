package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// TestPools gives VMs of a pool to users who come: one that waits for them, then one
// that another has used before, of which they find nothing. A VM that is taken out of its
// pool keeps what its user has written.
func TestPools(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := &poolsScenario{e: e, golden: e.create(t, "vireo.format")}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a pool is made", s.make},
		{"a user gets the VM that waits", s.first},
		{"the next finds it clean", s.second},
		{"a VM is detached with its data", s.detach},
		{"the pool shrinks and is removed", s.remove},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

type poolsScenario struct {
	e          *engine
	golden     *vm
	pool, hand string // addresses
	one        *vm
}

// as sends a request as a user, with the view of one.
func (e *engine) as(t *testing.T, user, method, path, body string) answer {
	t.Helper()
	plain := &engine{dataDir: e.dataDir, url: e.url, client: &http.Client{Transport: asUser{user + "@internal", e.client.Transport}}}
	return plain.ask(t, method, path, body)
}

// asUser logs a client in as somebody else.
type asUser struct {
	user string
	by   http.RoundTripper
}

func (l asUser) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.SetBasicAuth(l.user, password)
	request.Header.Set("Filter", "true")
	return l.by.RoundTrip(request)
}

// user makes a user of the domain internal who may use a pool.
func (s *poolsScenario) user(t *testing.T, name string, pools ...string) {
	t.Helper()
	command := exec.Command(program, "user", "add", name, "--data-dir", s.e.dataDir)
	command.Stdin = strings.NewReader(password + "\n")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("adding the user %s: %v: %s", name, err, output)
	}
	id := s.e.call(t, "POST", "/users", "<user><user_name>"+name+"@internal</user_name></user>").body.attr("id")
	for _, pool := range pools {
		s.e.call(t, "POST", pool+"/permissions", `<permission><user id="`+id+`"/><role><name>UserRole</name></role></permission>`)
	}
}

// newPool makes a pool of the template web and waits until its VMs are made.
func (s *poolsScenario) newPool(t *testing.T, name, elements string) string {
	t.Helper()
	said := s.e.call(t, "POST", "/vmpools", "<vmpool><name>"+name+"</name><cluster><name>Default</name></cluster><template><name>web</name></template>"+
		elements+"</vmpool>")
	if said.code != 202 {
		t.Errorf("making a pool was answered %d", said.code)
	}
	eventually(t, "the VMs to be made", func() (bool, string) {
		made := s.e.call(t, "GET", "/vms?search=pool%3D"+name, "").body.all("vm")
		for _, vm := range made {
			if vm.text("status/state") == "image_locked" && vm.text("start_time") == "" {
				return false, vm.text("name") + " is locked"
			}
		}
		return len(made) > 0, "there are none"
	})
	return "/vmpools/" + said.body.attr("id")
}

func (s *poolsScenario) make(t *testing.T) {
	v, e := s.golden, s.e
	v.addDisk(t, "16777216")
	v.up(t)
	v.onDisk(t, "echo golden >/mnt/vda/made; sync")
	v.act(t, "stop")
	v.await(t, "down")
	e.makeTemplate(t, v, "web")
	s.pool = s.newPool(t, e.names+"desk", "<size>3</size><prestarted_vms>1</prestarted_vms>")
	s.hand = s.newPool(t, e.names+"hand", "<size>1</size><type>manual</type>")
	s.user(t, "alice", s.pool, s.hand)
	s.user(t, "bob", s.pool)
	s.one = s.member(t, "desk-1")
	s.one.await(t, "up") // nobody has asked for it
	for _, other := range []string{"desk-2", "desk-3"} {
		s.member(t, other).await(t, "down")
	}
}

// member is a VM of one of the pools.
func (s *poolsScenario) member(t *testing.T, name string) *vm {
	t.Helper()
	found := s.e.call(t, "GET", "/vms?search=name%3D"+s.e.names+name, "").body.at("vm")
	return &vm{e: s.e, id: found.attr("id"), name: s.e.names + name}
}

// given has a user take a VM of a pool and waits until it is up.
func (s *poolsScenario) given(t *testing.T, user, pool string) *vm {
	t.Helper()
	said := s.e.as(t, user, "POST", pool+"/allocatevm", "<action/>")
	if said.code != 200 && said.code != 202 {
		t.Fatalf("%s was answered %d: %s", user, said.code, said.text)
	}
	v := &vm{e: s.e, id: said.body.at("vm").attr("id")}
	v.name = v.get(t).text("name")
	v.await(t, "up")
	return v
}

func (s *poolsScenario) first(t *testing.T) {
	if seen := s.e.as(t, "alice", "GET", "/vms", "").body.all("vm"); len(seen) != 0 {
		t.Errorf("alice sees %d VMs", len(seen))
	}
	v := s.given(t, "alice", s.pool)
	if v.id != s.one.id {
		t.Errorf("alice was given %s and not the one that runs", v.name)
	}
	if seen := s.e.as(t, "alice", "GET", "/vms", "").body.all("vm"); len(seen) != 1 {
		t.Errorf("alice sees %d VMs", len(seen))
	}
	if said := s.e.as(t, "alice", "POST", s.pool+"/allocatevm", "<action/>"); said.code != 409 {
		t.Errorf("a second one was answered %d", said.code)
	}
	two := s.member(t, "desk-2")
	two.await(t, "up") // for the next
	v.onDisk(t, "grep -q golden /mnt/vda/made && echo alice >/mnt/vda/secret && rm /mnt/vda/made; sync")
	s.e.call(t, "PUT", s.pool, "<vmpool><prestarted_vms>0</prestarted_vms></vmpool>")
	if said := s.e.as(t, "alice", "POST", "/vms/"+two.id+"/stop", "<action/>"); said.code == 200 {
		t.Error("alice has stopped a VM that she does not have")
	}
	if said := s.e.as(t, "alice", "POST", v.path()+"/shutdown", "<action/>"); said.code != 200 {
		t.Errorf("the shutdown was answered %d: %s", said.code, said.text)
	}
	v.await(t, "down")
	v.told(t, "316", "360")
	if said := s.e.as(t, "alice", "GET", v.path(), ""); said.code != 404 {
		t.Errorf("alice sees what she has given back: %d", said.code)
	}
	two.act(t, "stop")
	two.await(t, "down")
}

func (s *poolsScenario) second(t *testing.T) {
	v := s.given(t, "bob", s.pool)
	if v.id != s.one.id {
		t.Errorf("bob was given %s", v.name)
	}
	v.onDisk(t, "grep -q golden /mnt/vda/made && test ! -e /mnt/vda/secret")
	s.e.refused(t, 409, "POST", v.path()+"/detach", "<action/>")
	s.e.refused(t, 409, "DELETE", s.pool, "")
	v.leave(t, "poweroff -f")
	v.await(t, "down")
}

func (s *poolsScenario) detach(t *testing.T) {
	v := s.given(t, "alice", s.hand)
	v.onDisk(t, "echo alice >/mnt/vda/mine; sync")
	v.leave(t, "poweroff -f")
	v.await(t, "down")
	s.e.refused(t, 409, "PUT", v.path(), "<vm><description>mine</description></vm>")
	if said := v.act(t, "detach"); said.code != 200 || said.body.attr("id") == "" {
		t.Errorf("detach was answered %d: %s", said.code, said.text)
	}
	v.told(t, "308")
	if size := s.e.call(t, "GET", s.hand, "").body.text("size"); size != "0" {
		t.Errorf("the pool has %s VMs", size)
	}
	s.e.call(t, "PUT", v.path(), "<vm><description>mine</description></vm>")
	v.up(t)
	v.onDisk(t, "grep -q alice /mnt/vda/mine && echo more >>/mnt/vda/mine; sync")
	v.act(t, "stop")
	v.await(t, "down")
	v.up(t)
	v.onDisk(t, "grep -q more /mnt/vda/mine")
	v.act(t, "stop")
	v.await(t, "down")
	s.e.refused(t, 400, "POST", v.path()+"/detach", "<action/>")
}

func (s *poolsScenario) remove(t *testing.T) {
	if size := s.e.call(t, "PUT", s.pool, "<vmpool><size>1</size></vmpool>").body.text("size"); size != "1" {
		t.Errorf("the pool has %s VMs", size)
	}
	s.e.call(t, "DELETE", s.pool, "")
	s.e.call(t, "DELETE", s.hand, "")
	if left := s.e.call(t, "GET", "/vms?search=name%3D"+s.e.names+"desk*", "").body.all("vm"); len(left) != 0 {
		t.Errorf("%d VMs are left", len(left))
	}
	if left := s.e.call(t, "GET", "/vmpools", "").body.all("vmpool"); len(left) != 0 {
		t.Errorf("%d pools are left", len(left))
	}
}
