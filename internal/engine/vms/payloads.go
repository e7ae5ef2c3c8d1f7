package vms

import (
	"fmt"
	"strconv"

	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/seed"
)

// kibibyte is in bytes.
const kibibyte = 1 << 10

// checkPayloads refuses payloads that could not become images. The option
// PayloadSize bounds the files of each.
func (r *room) checkPayloads(_ *inventory.Tx, what string, _ model.ID, config *model.VMConfig) error {
	most := r.Values.Int("PayloadSize")
	seen := make(map[model.PayloadType]bool)
	for _, payload := range config.Payloads {
		if seen[payload.Type] {
			return fault.New(fault.Invalid, what, fmt.Sprintf("There may be one payload of the type %s.", payload.Type))
		}
		seen[payload.Type] = true
		files, err := r.payloadFiles(payload)
		if err != nil {
			continue // other elements can be changed, also when its secrets are lost
		}
		size := 0
		for _, file := range files {
			size += len(file.Content)
		}
		if size > most {
			return fault.New(fault.PayloadSize, what, strconv.Itoa(most/kibibyte))
		}
		if err := seed.CheckPayload(files); err != nil {
			return fault.New(fault.Invalid, what, sentenceOf(err)).Because(err)
		}
		if _, err := payloadImage(payload, files); err != nil {
			return fault.New(fault.Invalid, what, sentenceOf(err)).Because(err)
		}
	}
	return nil
}

// checkDrives refuses payloads that would take the drive of something else
// (api-v3 3.2, 3.3). vm is as it will run.
func checkDrives(verb string, vm *model.VM) error {
	for _, payload := range vm.Payloads {
		floppy := payload.Type == model.PayloadFloppy
		switch {
		case floppy && vm.Run.Overrides != nil && vm.Run.Overrides.Floppy != "":
			return fault.New(fault.PayloadFloppy, verb)
		case floppy && vm.Run.Initialization == model.InitializationSysprep:
			return fault.New(fault.PayloadSysprep, verb)
		case !floppy && vm.Run.Initialization == model.InitializationCloudInit:
			return fault.New(fault.PayloadCloudInit, verb)
		}
	}
	return nil
}

// payload is the image of one payload.
func (r *room) payload(from model.Payload) (host.Seed, error) {
	files, err := r.payloadFiles(from)
	if err != nil {
		return host.Seed{}, err
	}
	made := host.Seed{Name: seedPayloadCDROM, Drive: host.SeedCDROM}
	if from.Type == model.PayloadFloppy {
		made.Name, made.Drive = seedPayloadFloppy, host.SeedFloppy
	}
	if made.Image, err = payloadImage(from, files); err != nil {
		return host.Seed{}, invalidRun(err)
	}
	return made, nil
}

// payloadFiles are its files in plain text.
func (r *room) payloadFiles(from model.Payload) ([]seed.File, error) {
	reveal := r.revealing()
	var files []seed.File
	for _, file := range from.Files {
		files = append(files, seed.File{Name: file.Name, Content: []byte(reveal.text(file.Content))})
	}
	return files, reveal.err
}

func payloadImage(from model.Payload, files []seed.File) ([]byte, error) {
	if from.Type == model.PayloadFloppy {
		return seed.Floppy(from.VolumeID, files)
	}
	return seed.ISO(from.VolumeID, files)
}
