// The map library as one thing without types: it stands behind js/map.js alone.
export const map: any, latLngBounds: any, latLng: any, control: any, polygon: any, polyline: any, marker: any, circleMarker: any, divIcon: any, geoJSON: any, layerGroup: any, tileLayer: any;
