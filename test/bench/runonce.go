package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"
)

// The bodies of starts that give the guest more than a plain one.
const (
	withCloudInit = `<action><async>false</async><vm><initialization><cloud_init>
		<host><address>bench.example.com</address></host>
		<users><user><user_name>root</user_name><password>bench</password></user></users>
		<network_configuration><nics><nic><name>eth0</name><boot_protocol>dhcp</boot_protocol><on_boot>true</on_boot></nic></nics></network_configuration>
		</cloud_init></initialization></vm></action>`
	withoutState = `<action><async>false</async><vm><stateless>true</stateless></vm></action>`
)

// measureRunOnce compares starts with a config drive, and stateless ones, with
// plain starts of the same VM, which has a disk.
func measureRunOnce(ctx context.Context, s *settings, out *report) (err error) {
	h, e, id, err := runningEngine(ctx, s, "runonce", "")
	if err != nil {
		return err
	}
	defer h.close()
	defer func() { err = errors.Join(err, e.stop()) }()
	guest := uuid.MustParse(id)
	defer h.remove(guest)
	if _, err := e.ask(ctx, http.MethodPost, "/api/vms/"+id+"/disks;async=false",
		`<disk><interface>virtio</interface><format>cow</format><provisioned_size>1073741824</provisioned_size></disk>`); err != nil {
		return err
	}
	if err := e.waitFor(ctx, "/api/vms/"+id+"/disks", "<state>ok</state>"); err != nil {
		return err
	}
	starting := func(body string) *contestant {
		return &contestant{
			guest: guest,
			start: func(ctx context.Context) error {
				_, err := e.ask(ctx, http.MethodPost, "/api/vms/"+id+"/start", body)
				return err
			},
			stop: func(ctx context.Context) error { return post(ctx, e, id, "stop") },
		}
	}
	plain, seeded, stateless := starting("<action/>"), starting(withCloudInit), starting(withoutState)
	if err := takeTurns(ctx, s, h, plain, seeded, stateless); err != nil {
		return err
	}
	out.ratio("start with cloud-init / plain start, until libvirt reports the guest running",
		seeded.started.over(plain.started), seeded.started.middle(), plain.started.middle(), 0)
	out.ratio("stateless start / plain start, until libvirt reports the guest running",
		stateless.started.over(plain.started), stateless.started.middle(), plain.started.middle(), 0)
	out.ratio("stop after a start with cloud-init / after a plain start, until libvirt reports the guest gone",
		seeded.stopped.over(plain.stopped), seeded.stopped.middle(), plain.stopped.middle(), 0)
	return nil
}
