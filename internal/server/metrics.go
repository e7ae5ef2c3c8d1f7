package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// inventoryMetrics count what there is at the moment of asking.
type inventoryMetrics struct{ inventory *inventory.Inventory }

var (
	vmsDescription   = prometheus.NewDesc("vireo_vms", "How many VMs are in a status.", []string{"status"}, nil)
	hostsDescription = prometheus.NewDesc("vireo_hosts", "How many hosts are in a status.", []string{"status"}, nil)
	jobsDescription  = prometheus.NewDesc("vireo_jobs_running", "How many jobs have not ended.", nil, nil)
	disksDescription = prometheus.NewDesc("vireo_disks", "How many disks are in a status.", []string{"status"}, nil)
)

// Describe names the figures.
func (m *inventoryMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, each := range []*prometheus.Desc{vmsDescription, hostsDescription, jobsDescription, disksDescription} {
		out <- each
	}
}

// Collect counts.
func (m *inventoryMetrics) Collect(out chan<- prometheus.Metric) {
	vms := make(map[string]int)
	for _, status := range model.Statuses {
		vms[string(status)] = 0
	}
	for _, vm := range m.inventory.VMs.All() {
		vms[string(vm.Run.Status)]++
	}
	hosts := make(map[string]int)
	for _, host := range m.inventory.Hosts.All() {
		hosts[string(host.Status)]++
	}
	disks := make(map[string]int)
	for _, disk := range m.inventory.Disks.All() {
		disks[string(disk.Status)]++
	}
	gauges(out, vmsDescription, vms)
	gauges(out, hostsDescription, hosts)
	gauges(out, disksDescription, disks)
	out <- prometheus.MustNewConstMetric(jobsDescription, prometheus.GaugeValue, float64(len(m.inventory.Jobs())))
}

func gauges(out chan<- prometheus.Metric, of *prometheus.Desc, counts map[string]int) {
	for label, count := range counts {
		out <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, float64(count), label)
	}
}
